package io.rotatekv.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.cli.FakeNode;
import io.rotatekv.cli.config.Settings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DemoTest {

  @Test
  void asksBothQuestionsAndReports() throws InterruptedException, IOException {
    StringWriter story = new StringWriter();
    Demo demo =
        new Demo(
            FakeNode.command(),
            Settings.of(null, Map.of(), List.of()),
            new PrintWriter(story, true));
    DemoReport report = demo.run(3);

    assertTrue(
        story.toString().contains("\nQuestion: Who drew \n"),
        () -> "no streamed answer in: " + story);
    JsonNode json = new ObjectMapper().readTree(Demo.toJson(report));
    assertEquals(
        Set.of(
            "texts",
            "ttft_ms",
            "decode_tok_s",
            "kv_bytes",
            "fp16_kv_bytes",
            "avg_bits",
            "blocks_put",
            "blocks_got",
            "prefix_hit_tokens"),
        json.propertyStream().map(Map.Entry::getKey).collect(Collectors.toSet()));
    assertEquals(2, json.get("texts").size());
    assertEquals("Question: Who drew ", json.get("texts").get(0).asText());
    // The warm-up was the first of three, so the second question came third.
    assertEquals(50.0, json.get("ttft_ms").get(0).asDouble());
    assertEquals(64 + 128, json.get("prefix_hit_tokens").asInt());
    assertEquals(2.0, json.get("avg_bits").asDouble());
    assertEquals(2.0, json.get("decode_tok_s").asDouble());
  }
}
