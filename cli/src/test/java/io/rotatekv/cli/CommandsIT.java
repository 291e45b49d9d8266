package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.ManagedChannel;
import io.rotatekv.cli.Program.Run;
import io.rotatekv.proto.Channels;
import io.rotatekv.v1.DescribeRequest;
import io.rotatekv.v1.DescribeResponse;
import io.rotatekv.v1.NodeGrpc;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands one after the other, as a user with a model of their own types them. */
final class CommandsIT {

  private static final int STORE = 0;
  private static final int DECODE = 2;
  private static final String LAST_LINE = "Ctrl-C stops everything.";

  @TempDir Path folder;
  private Program program;
  private String text;

  /** A service as {@code up} lists it. */
  private record Service(String name, String address, ProcessHandle process) {

    private static final Pattern ROW = Pattern.compile("│ (\\S+) +│ +(\\S+:\\d+) │ +(\\d+) │");

    static Service parse(Matcher row) {
      return new Service(
          row.group(1), row.group(2), ProcessHandle.of(Long.parseLong(row.group(3))).orElseThrow());
    }
  }

  @BeforeEach
  void prepare() throws IOException {
    text = Files.writeString(folder.resolve("sample.txt"), TestPrompts.STORY).toString();
    // The environment wins over the file, and options over both.
    Files.writeString(
        folder.resolve("cluster.yaml"),
        """
        model: {codec: fp16, calibration: my.calibration}
        store: {capacity: 32MiB}
        decode: {max-batch: 3}
        """);
    program =
        new Program(
            folder, Map.of("ROTATEKV_MODEL_CODEC", "rotatekv3", "ROTATEKV_DECODE_MAX_BATCH", "5"));
  }

  @Test
  void aCalibrationIsMadeMeasuredAndServed() throws Exception {
    Run calibrated = run("calibrate", "--text", text, "--out", "my.calibration");
    assertTrue(calibrated.out().startsWith("my.calibration: calibration "), calibrated::out);
    assertPerplexity();

    Process up =
        program
            .process("up", "--config", "cluster.yaml", "--set", "decode.max-batch=2")
            .redirectError(folder.resolve("up.err").toFile())
            .start();
    BufferedReader lines = up.inputReader(StandardCharsets.UTF_8);
    List<Service> services = servicesOnceUp(up, lines);
    assertEffective(services);
    assertAnswers(services.get(DECODE).address());

    Program.signal("INT", up.pid());
    assertEquals(128 + 2, Program.exitOf(up));
    assertEquals(
        List.of(), services.stream().filter(service -> service.process().isAlive()).toList());
    assertEquals(List.of(), lines.lines().toList());
  }

  private void assertPerplexity() throws Exception {
    String scored =
        Files.writeString(folder.resolve("scored.txt"), "Read this. " + TestPrompts.STORY)
            .toString();
    Run run =
        run(
            "eval",
            "ppl",
            "--text",
            scored,
            "--state",
            folder.resolve("state").toString(),
            "--codec",
            "rotatekv2",
            "--seq",
            "64",
            "--windows",
            "2",
            "--calibration",
            "my.calibration",
            "--json");
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertEquals(2 * 63, json.get("tokens").asInt(), run::out);
    assertEquals(2, json.get("window_nll").size(), run::out);
    double mean =
        (json.get("window_nll").get(0).asDouble() + json.get("window_nll").get(1).asDouble()) / 2;
    assertEquals(Math.exp(mean), json.get("ppl").asDouble(), 1e-6, run::out);
    // Within a block keys are not quantized yet, so this is the model's own perplexity on a story.
    assertTrue(json.get("ppl").asDouble() < 100, run::out);
    assertTrue(json.get("avg_bits").asDouble() < 3, run::out);
  }

  private static void assertEffective(List<Service> services) {
    DescribeResponse decode = describe(services.get(DECODE));
    assertEquals("rotatekv3", decode.getCodec());
    assertEquals(2, decode.getLimits().getConcurrentRequests());
    assertEquals(32 << 20, describe(services.get(STORE)).getLimits().getStoreCapacityBytes());
  }

  private void assertAnswers(String address) throws Exception {
    String[] question = {
      "generate",
      "--target",
      address,
      "--prompt-file",
      text,
      "--raw",
      "--max-tokens",
      "4",
      "--temperature",
      "0.5",
      "--seed",
      "7"
    };
    Run plain = run(question);
    assertFalse(plain.out().isBlank(), plain::out);
    List<String> withJson = new ArrayList<>(List.of(question));
    withJson.add("--json");
    JsonNode json = new ObjectMapper().readTree(run(withJson.toArray(String[]::new)).out());
    assertEquals(plain.out(), json.get("text").asText() + "\n");
    assertEquals(4, json.get("generated_tokens").asInt(), json::toString);
    assertTrue(json.get("prefix_hit_tokens").asInt() >= 128, json::toString);
    assertTrue(json.get("avg_bits").asDouble() > 3, json::toString);
    assertTrue(json.get("avg_bits").asDouble() < 4, json::toString);
    assertEquals(0, json.get("warnings").size(), json::toString);
  }

  private Run run(String... arguments) throws Exception {
    Run run = program.run(arguments);
    assertEquals(0, run.status(), run::err);
    return run;
  }

  private static List<Service> servicesOnceUp(Process up, BufferedReader lines)
      throws IOException, InterruptedException {
    List<Service> services = new ArrayList<>();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Matcher row = Service.ROW.matcher(line);
      if (row.find()) {
        services.add(Service.parse(row));
      }
      if (line.equals(LAST_LINE)) {
        assertEquals(
            List.of("kv-store-0", "prefill-0", "decode-0"),
            services.stream().map(Service::name).toList());
        return services;
      }
    }
    throw new AssertionError("up ended with status " + Program.exitOf(up));
  }

  private static DescribeResponse describe(Service service) {
    ManagedChannel channel = Channels.control(service.address());
    try {
      return NodeGrpc.newBlockingStub(channel).describe(DescribeRequest.getDefaultInstance());
    } finally {
      Channels.close(channel);
    }
  }
}
