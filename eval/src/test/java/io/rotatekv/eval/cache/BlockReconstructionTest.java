package io.rotatekv.eval.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BlockReconstructionTest {

  private static final KvShape SHAPE = new KvShape(1, 1, 16);
  private static final int WIDTH = 16;

  /** One whole block and six tokens; halves hold all numbers; the second token is massive. */
  private static LayerWindow window() {
    int tokens = 70;
    float[] keys = new float[tokens * WIDTH];
    float[] values = new float[tokens * WIDTH];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (i * 37 % 101 - 50) / 16f;
      values[i] = (i * 53 % 89 - 44) / 16f;
    }
    float[] peaks = new float[tokens];
    peaks[1] = 1000;
    return new LayerWindow(
        0, SHAPE, tokens, keys, values, peaks, new float[WIDTH], 1, (rows, count) -> {});
  }

  @Test
  void anFp16CacheGivesEverythingBack() {
    BlockCodec codec = ScalarCodecs.create(CodecContext.fp16(SHAPE));
    LayerWindow window = window();
    StoredLayer stored = new BlockReconstruction(codec, CodecContext.fp16(SHAPE)).store(window);
    assertArrayEquals(window.keys(), stored.keys());
    assertArrayEquals(window.values(), stored.values());
    assertTrue(stored.bits() >= window.elements() * 16, () -> "bits " + stored.bits());
  }

  @Test
  void twoBitsLoseSomethingButNotInSinksNorInTheUnfilledBlock() {
    LayerCalibration layer =
        new LayerCalibration(
            new float[WIDTH], 16, 8, 16, 8, 100, LayerCalibration.evenImportance(SHAPE));
    CodecContext context =
        new CodecContext(CodecSpec.ROTATEKV_2, SHAPE, List.of(layer), 1L, BlockRope.NONE);
    BlockReconstruction cache = new BlockReconstruction(ScalarCodecs.create(context), context);
    LayerWindow window = window();
    StoredLayer stored = cache.store(window);
    assertTrue(!Arrays.equals(window.keys(), stored.keys()));
    assertArrayEquals(row(window.keys(), 1), row(stored.keys(), 1), 0.01f);
    assertArrayEquals(row(window.values(), 1), row(stored.values(), 1), 0.01f);
    assertArrayEquals(row(window.keys(), 69), row(stored.keys(), 69));
    assertEquals(1, cache.losses().sinks());
    assertEquals(2L * 63 * WIDTH, cache.losses().codes());
    assertTrue(cache.losses().clipped() > 0);
  }

  private static float[] row(float[] rows, int token) {
    return Arrays.copyOfRange(rows, token * WIDTH, (token + 1) * WIDTH);
  }
}
