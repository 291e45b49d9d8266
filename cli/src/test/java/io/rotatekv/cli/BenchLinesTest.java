package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchLinesTest {

  private record Figure(String bench, int qHeads, double tbS, @Nullable Double baselineMs) {}

  private final ObjectNode line =
      new BenchLines("abc123", machine())
          .line(new Figure("decode_attention", 32, 2.98765432, null));

  private static SequencedMap<String, String> machine() {
    SequencedMap<String, String> machine = new LinkedHashMap<>();
    machine.put("card", "a card");
    machine.put("driver", "a driver");
    return machine;
  }

  @Test
  void lineHoldsTheFiguresAndWhereTheyComeFrom() {
    String json = line.toString();

    assertTrue(
        json.startsWith(
            "{\"bench\":\"decode_attention\",\"q_heads\":32,\"tb_s\":2.988,\"baseline_ms\":null,"
                + "\"commit\":\"abc123\",\"date\":\""),
        json);
    assertTrue(json.endsWith("\"card\":\"a card\",\"driver\":\"a driver\"}"), json);
  }

  @Test
  void appendedLinesFollowOneAnother(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("new/bench.jsonl");
    BenchLines.append(file, line);
    BenchLines.append(file, line);

    assertEquals(List.of(line.toString(), line.toString()), Files.readAllLines(file));
  }

  @Test
  void textLeavesOutWhatIsMissing() {
    assertTrue(
        BenchLines.text(line).startsWith("bench decode_attention  q_heads 32  tb_s 2.988  commit"));
  }
}
