package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code rotatekv demo} on the real model, as a user runs it. */
final class DemoIT {

  @TempDir Path folder;
  private Program program;

  @BeforeEach
  void prepare() {
    program = new Program(folder, Map.of());
  }

  @Test
  void answersTwoQuestionsSharesTheirPrefixAndLeavesNothingRunning() throws Exception {
    Path out = folder.resolve("figures.json");
    Process demo =
        program.process("demo", "--json", "--max-tokens", "4").redirectOutput(out.toFile()).start();
    BufferedReader story = demo.errorReader(StandardCharsets.UTF_8);
    List<ProcessHandle> nodes = nodesOnceUp(demo, story);
    String rest = String.join("\n", story.lines().toList());
    assertEquals(0, Program.exitOf(demo), rest);
    assertEquals(List.of(), nodes.stream().filter(ProcessHandle::isAlive).toList());

    JsonNode json = new ObjectMapper().readTree(out.toFile());
    assertEquals(2, json.get("texts").size());
    json.get("texts").forEach(text -> assertFalse(text.asText().isBlank(), json::toString));
    json.get("ttft_ms").forEach(ms -> assertTrue(ms.asDouble() > 0, json::toString));
    assertTrue(json.get("decode_tok_s").asDouble() > 0, json::toString);
    assertTrue(json.get("prefix_hit_tokens").asInt() >= 256, json::toString);
    assertTrue(json.get("blocks_put").asInt() > 0, json::toString);
    assertTrue(json.get("blocks_got").asInt() > 0, json::toString);
    double ratio = json.get("fp16_kv_bytes").asDouble() / json.get("kv_bytes").asDouble();
    assertTrue(ratio >= 6.5, json::toString);
    assertEquals(16 / ratio, json.get("avg_bits").asDouble(), 1e-6);
  }

  @Test
  void interruptedItLeavesNothingRunning() throws Exception {
    Process demo = program.process("demo").redirectErrorStream(true).start();
    BufferedReader story = demo.inputReader(StandardCharsets.UTF_8);
    List<ProcessHandle> nodes = nodesOnceUp(demo, story);
    Program.signal("INT", demo.pid());
    assertEquals(List.of(), story.lines().filter(line -> line.contains("rror")).toList());
    assertEquals(128 + 2, Program.exitOf(demo));
    assertEquals(List.of(), nodes.stream().filter(ProcessHandle::isAlive).toList());
  }

  private static List<ProcessHandle> nodesOnceUp(Process demo, BufferedReader story)
      throws IOException, InterruptedException {
    for (String line = story.readLine(); line != null; line = story.readLine()) {
      if (line.contains("ready in ")) {
        List<ProcessHandle> nodes = demo.descendants().toList();
        assertEquals(3, nodes.size(), nodes::toString);
        return nodes;
      }
    }
    throw new AssertionError("the demo ended with status " + Program.exitOf(demo));
  }
}
