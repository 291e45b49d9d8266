package io.rotatekv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.eval.gpu.AttentionShape;
import io.rotatekv.eval.gpu.Baseline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PyTorchBaselinesTest {

  private static final String PRINTED =
      """
      UserWarning: something about a backend
      {"dev": "a card", "torch": "2.11.0"}
      {"op": "sdpa_decode", "hq": 32, "hk": 8, "bs": 1, "ctx": 4096, "backend": "FLASH_ATTENTION", "ms": 0.05}
      {"op": "sdpa_decode", "hq": 32, "hk": 8, "bs": 1, "ctx": 4096, "backend": "CUDNN_ATTENTION", "ms": 0.03}
      {"op": "sdpa_decode", "hq": 32, "hk": 8, "bs": 1, "ctx": 4096, "backend": "X", "err": "no"}
      {"op": "sdpa_decode", "hq": 32, "hk": 8, "bs": 16, "ctx": 4096, "backend": "CUDNN_ATTENTION", "ms": 0.2}
      {"op": "sdpa_decode_packed_gqa", "hq": 32, "hk": 8, "bs": 16, "ctx": 4096, "ms": 0.1}
      {"op": "sdpa_prefill", "hq": 32, "hk": 8, "s": 4096, "ms": 0.6}
      """;

  private PyTorchBaselines baselines;

  @BeforeEach
  void read(@TempDir Path folder) throws IOException {
    baselines = PyTorchBaselines.read(Files.writeString(folder.resolve("printed"), PRINTED));
  }

  @Test
  void fastestBackendOfAShapeIsTaken() {
    assertEquals(Optional.of(new Baseline("pytorch_cudnn", 0.03)), decode(1, 4096));
    assertEquals(Optional.of(new Baseline("pytorch_flash", 0.1)), decode(16, 4096));
  }

  @Test
  void shapesThatWereNotRunHaveNone() {
    assertEquals(Optional.empty(), decode(1, 8192));
  }

  @Test
  void promptsAreFoundByTheirLength() {
    assertEquals(
        Optional.of(new Baseline("pytorch_flash", 0.6)), baselines.prefillAttention(32, 8, 4096));
    assertEquals(Optional.empty(), baselines.prefillAttention(32, 32, 4096));
  }

  private Optional<Baseline> decode(int batch, int context) {
    return baselines.decodeAttention(new AttentionShape(32, 8, 128, batch, context));
  }
}
