package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.cli.Program.Run;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three minutes of what half an hour of {@code bench store --soak} shows. */
final class StoreSoakIT {

  /** Above what is configured: the JVM's code, classes and threads. */
  private static final double MAX_SHARE = 1.1;

  /** Between the peaks of two minutes in which some ten thousand blocks of 1 MiB pass each. */
  private static final double MAX_GROWTH = 0.03;

  @TempDir Path folder;

  @Test
  void aFullStoreThatEvictsStaysWithinItsMemory() throws Exception {
    Path results = folder.resolve("soak.jsonl");
    Run run =
        new Program(folder, Map.of())
            .run("bench", "store", "--soak", "3m", "--json", "--results", results.toString());
    assertEquals(0, run.status(), run::err);
    JsonNode row = new ObjectMapper().readTree(run.out());
    System.out.println(row);
    assertTrue(row.get("evicted_sets").asLong() > 0, run::out);
    assertTrue(row.get("warm_rss_bytes").asLong() > 0, run::out);
    assertTrue(row.get("share").asDouble() <= MAX_SHARE, run::out);
    assertTrue(row.get("growth").asDouble() <= MAX_GROWTH, run::out);
  }
}
