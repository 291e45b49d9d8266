package io.rotatekv.model.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.codec.KvShape;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TailLayoutTest {

  private static final KvShape SHAPE = new KvShape(6, 3, 64);

  @ParameterizedTest
  @CsvSource({"1, 16", "16, 16", "17, 32", "32, 32", "33, 64", "64, 64"})
  void roomIsRoundedUp(int tokens, int capacity) {
    assertEquals(capacity, TailLayout.of(SHAPE, tokens).capacity());
  }

  // 6 layers: with 4 to a frame, the last frame is half empty.
  @ParameterizedTest
  @CsvSource({"16, 2", "32, 3", "64, 6"})
  void layersShareFramesWithoutOverlap(int capacity, int frames) {
    TailLayout layout = new TailLayout(SHAPE, capacity);
    int bytes = (int) (capacity * layout.rowBytes());
    BitSet taken = new BitSet();
    for (int layer = 0; layer < SHAPE.layers(); layer++) {
      for (long at : new long[] {layout.layer(layer), layout.layer(layer) + layout.sideBytes()}) {
        assertTrue(taken.get((int) at, (int) at + bytes).isEmpty(), "layer " + layer);
        taken.set((int) at, (int) at + bytes);
      }
    }
    assertTrue(taken.length() <= layout.maxima());
    assertEquals(frames * 2L * layout.sideBytes(), layout.maxima());
    assertEquals(layout.maxima() + SHAPE.layers() * 64L * Float.BYTES, layout.bytes());
  }

  @Test
  void aQuarterOfTheTokensTakesAQuarterOfTheMemory() {
    KvShape llama = new KvShape(32, 32, 128);
    long full = TailLayout.of(llama, 64).maxima();
    assertEquals(full, 4 * TailLayout.of(llama, 10).maxima());
  }
}
