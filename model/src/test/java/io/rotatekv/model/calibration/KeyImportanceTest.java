package io.rotatekv.model.calibration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.ops.RopeTable;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import io.rotatekv.model.engine.cpu.LayerWindow;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Heads of two channels, and windows of sixteen tokens, of which the last one's query counts. */
final class KeyImportanceTest {

  private static final int TOKENS = 16;
  private static final KvShape SHAPE = new KvShape(1, 1, 2);
  private static final float NO_SINKS = Float.POSITIVE_INFINITY;

  private final float[] keys = new float[TOKENS * 2];
  private final float[] values = new float[TOKENS * 2];
  private final float[] peaks = new float[TOKENS];

  /** What the newest query (x, y) makes of keys; no position turns anything but the last key. */
  private float[] importance(float x, float y, float sinkThreshold, float... projection) {
    float[] queries = new float[TOKENS * 2];
    queries[2 * TOKENS - 2] = x;
    queries[2 * TOKENS - 1] = y;
    try (Team team = Team.of(1);
        Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_FLOAT, projection);
      Matrix output = new Matrix(TensorType.F32, data, 2, 2);
      RopeSpec rope = new RopeSpec(2, 1, new RopeScaling.None());
      ModelConfig config =
          new ModelConfig("llama", "two", 1, 2, 1, 1, 2, 2, 2, TOKENS, 1e-5f, rope);
      double[] quarterTurnEveryToken = {Math.PI / 2};
      KeyImportance importance =
          new KeyImportance(
              config,
              output,
              Backends.open("scalar", team).kernels().matMul(),
              new RopeTable(quarterTurnEveryToken, TOKENS));
      LayerWindow window =
          new LayerWindow(
              0, SHAPE, TOKENS, keys, values, peaks, queries, TOKENS, (rows, count) -> {});
      importance.add(window, sinkThreshold, team);
      return importance.importance();
    }
  }

  private void draws(int token, float key, float value) {
    keys[2 * token] = key;
    values[2 * token] = value;
  }

  @Test
  void aTokenWeighsItsQueryTurnedBackToItsPosition() {
    // Token 4 has turned a whole round; with weight near 1/2 each it and token 8 differ by value.
    draws(4, 20, 1);
    draws(8, 20, -1);
    assertArrayEquals(new float[] {1, 0, 0}, importance(1, 0, NO_SINKS, 1, 0, 0, 1), 1e-3f);
  }

  @Test
  void atAQuarterTurnAQueryMeetsTheOtherChannel() {
    draws(5, 20, 1);
    draws(9, 20, -1);
    assertArrayEquals(new float[] {0, 0, 1}, importance(1, 0, NO_SINKS, 1, 0, 0, 1), 1e-3f);
  }

  @Test
  void directionsOfOneQueryAreCorrelated() {
    draws(4, 20, 1);
    draws(8, 20, -1);
    // (1, 1/2): its products 1, 1/2 and 1/4.
    assertArrayEquals(
        new float[] {1, 0.5f, 0.25f}, importance(1, 0.5f, NO_SINKS, 1, 0, 0, 1), 1e-3f);
  }

  @Test
  void sinksAndValuesThatTheOutputIgnoresDoNotCount() {
    draws(4, 20, 1);
    draws(9, 20, -1);
    peaks[4] = 5;
    assertArrayEquals(new float[] {0, 0, 1}, importance(1, 0, 4, 1, 0, 0, 1), 1e-3f);
    // The projection reads the second channel only, in which all values are alike.
    assertArrayEquals(new float[3], importance(1, 0, NO_SINKS, 0, 1, 0, 1), 1e-3f);
  }

  @Test
  void aTokenCountsByItsWeightSquared() {
    // Weights 1/2, 1/4 and 1/4, o = 0: 1/4 for token 4, 1/16 each for the two at a quarter turn.
    draws(4, 20 + (float) Math.log(2), 1);
    draws(5, 20, -1);
    draws(9, 20, -1);
    assertArrayEquals(new float[] {1, 0, 0.5f}, importance(1, 0, NO_SINKS, 1, 0, 0, 1), 1e-3f);
  }

  @Test
  void aTokenCountsByHowFarItMovesTheOutput() {
    // Weights of 1/3, o = 1: (3 - 1)^2 for token 4, 1 each for the two at a quarter turn.
    draws(4, 20, 3);
    draws(5, 20, 0);
    draws(9, 20, 0);
    assertArrayEquals(new float[] {1, 0, 0.5f}, importance(1, 0, NO_SINKS, 1, 0, 0, 1), 1e-3f);
  }
}
