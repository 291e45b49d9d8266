package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.rotatekv.cli.ClusterFixture.Reply;
import io.rotatekv.cli.cluster.ServiceKind;
import io.rotatekv.decode.DecodeConfig;
import io.rotatekv.decode.DecodeServer;
import io.rotatekv.model.fetch.ModelFetcher;
import io.rotatekv.proto.RunningServer;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StatusMapping;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GenerateRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Failures cost time and a warning, or give one clear error; never the wrong text. */
final class FailureIT {

  private static final int MAX_TOKENS = 12;
  private static final String MODEL = "smollm2-135m";

  private static GenerateRequest request(String prompt) {
    return GenerateRequest.newBuilder().setPrompt(prompt).setMaxTokens(MAX_TOKENS).build();
  }

  @Test
  void lostNodesCostAWarningButNotTheAnswer(@TempDir Path folder) throws Exception {
    Path blocks = folder.resolve("blocks");
    Map<String, String> settings =
        Map.of("ROTATEKV_STORE_FILE", blocks.toString(), "ROTATEKV_STORE_CAPACITY", "16MiB");
    try (ClusterFixture cluster = ClusterFixture.start(settings)) {
      String other = "Once more, from the beginning. " + TestPrompts.STORY;
      List<Integer> expected = cluster.generate(request(TestPrompts.STORY)).tokens();
      assertTooLong(cluster);
      damage(blocks);
      Reply repaired = cluster.generate(request(TestPrompts.STORY));
      assertEquals(expected, repaired.tokens());
      assertWarned(repaired, "corrupt");
      assertEquals(0, repaired.summary().getCachedPrefixTokens());

      cluster.kill(ServiceKind.PREFILL);
      Reply cached = cluster.generate(request(TestPrompts.STORY));
      assertEquals(expected, cached.tokens());
      assertEquals(List.of(), cached.summary().getWarningsList());
      Reply computed = cluster.generate(request(other));
      assertWarned(computed, "prefill failed");

      cluster.signal(ServiceKind.KV_STORE, "STOP");
      Reply impatient = cluster.generate(request(TestPrompts.STORY));
      assertEquals(expected, impatient.tokens());
      assertWarned(impatient, "did not answer in time");

      cluster.kill(ServiceKind.KV_STORE);
      Reply alone = cluster.generate(request(TestPrompts.STORY));
      assertEquals(expected, alone.tokens());
      assertWarned(alone, "the store could not be asked");
      assertEquals(computed.tokens(), cluster.generate(request(other)).tokens());
    }
  }

  @Test
  void aNodeOfAnotherCodecIsNamedAndNotUsed() throws InterruptedException {
    Path model = ModelFetcher.of(System.getenv()).fetch(MODEL, TestPrompts.NO_PROGRESS);
    try (ClusterFixture cluster = ClusterFixture.start(Map.of("ROTATEKV_DECODE_COUNT", "0"))) {
      DecodeConfig config =
          new DecodeConfig(
              "127.0.0.1",
              0,
              cluster.address(ServiceKind.KV_STORE),
              1,
              cluster.address(ServiceKind.PREFILL),
              MODEL,
              "fp16",
              null,
              "block",
              "auto",
              0,
              0,
              512,
              4,
              Duration.ofSeconds(10),
              Duration.ofSeconds(60));
      try (RunningServer decode = DecodeServer.start(config, model)) {
        Reply reply = ClusterFixture.generate(decode.address(), request(TestPrompts.STORY));
        assertEquals(MAX_TOKENS, reply.tokens().size());
        assertWarned(reply, "codec");
        assertEquals(0, reply.summary().getCachedPrefixTokens());
      }
    }
  }

  /** Flips a byte in every block of the file that the store has mapped. */
  private static void damage(Path file) throws IOException {
    byte[] magic = {'R', 'K', 'V', 'B'};
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer bytes = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size());
      int damaged = 0;
      for (int at = 0; at < bytes.limit() - 512; at++) {
        if (bytes.get(at) == magic[0] && bytes.slice(at, 4).equals(ByteBuffer.wrap(magic))) {
          bytes.put(at + 256, (byte) ~bytes.get(at + 256));
          damaged++;
        }
      }
      assertTrue(damaged > 0, "no block found in " + file);
    }
  }

  private static void assertTooLong(ClusterFixture cluster) {
    GenerateRequest request = request(TestPrompts.STORY.repeat(60));
    StatusRuntimeException refusal =
        assertThrows(StatusRuntimeException.class, () -> cluster.generate(request));
    assertEquals(Status.Code.INVALID_ARGUMENT, refusal.getStatus().getCode());
    ServiceException reason = StatusMapping.fromStatus(refusal, "decode");
    assertEquals(ErrorReason.ERROR_REASON_CONTEXT_TOO_LONG, reason.reason());
  }

  private static void assertWarned(Reply reply, String what) {
    List<String> warnings = reply.summary().getWarningsList();
    assertTrue(warnings.stream().anyMatch(text -> text.contains(what)), warnings::toString);
    assertEquals(MAX_TOKENS, reply.tokens().size());
  }
}
