package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.WindowedText;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.LayerWeights;
import io.rotatekv.model.Model;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.RopeScaling;
import io.rotatekv.model.RopeSpec;
import io.rotatekv.model.chat.ChatTemplate;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntBinaryOperator;
import org.junit.jupiter.api.Test;

/** A model of one layer whose keys are known: 2 in channel 0, whatever the token. */
final class LayerFiguresTest {

  private static final int WIDTH = 16;
  private static final int[] TOKENS = {4, 9, 2};

  /** Token t is t + 1 in channel 0, which RMSNorm makes 4, and the key projection halves it. */
  @SuppressWarnings("MustBeClosedChecker") // The model closes the arena.
  private static Model known() {
    Arena arena = Arena.ofShared();
    ModelConfig config =
        new ModelConfig(
            "llama",
            "known",
            1,
            WIDTH,
            1,
            1,
            WIDTH,
            WIDTH,
            WIDTH,
            256,
            1e-9f,
            new RopeSpec(WIDTH, 10_000, new RopeScaling.None()));
    float[] ones = new float[WIDTH];
    Arrays.fill(ones, 1);
    Matrix zero = matrix(arena, (row, column) -> 0);
    Matrix embedding = matrix(arena, (row, column) -> column == 0 ? 2 * (row + 1) : 0);
    Matrix half = matrix(arena, (row, column) -> row == column ? 1 : 0);
    LayerWeights layer =
        new LayerWeights(ones, zero, null, half, null, half, null, zero, ones, zero, zero, zero);
    return new Model(
        config,
        new ModelWeights(embedding, List.of(layer), ones, embedding),
        ByteTokens.tokenizer(),
        ChatTemplate.of(null, "", "", "test"),
        "00",
        arena);
  }

  /** A matrix of halves. */
  private static Matrix matrix(Arena arena, IntBinaryOperator halves) {
    MemorySegment data = arena.allocate(ValueLayout.JAVA_FLOAT, WIDTH * WIDTH);
    for (int row = 0; row < WIDTH; row++) {
      for (int column = 0; column < WIDTH; column++) {
        data.setAtIndex(
            ValueLayout.JAVA_FLOAT, row * WIDTH + column, halves.applyAsInt(row, column) / 2f);
      }
    }
    return new Matrix(TensorType.F32, data, WIDTH, WIDTH);
  }

  private static Object figure(EvalRow row, String name) {
    return Objects.requireNonNull(row.figures().get(name), name);
  }

  private static EvalRow measure() {
    WindowedText text =
        new WindowedText(new EvalText("text", "ab", ""), TOKENS.length, List.of(TOKENS));
    try (Team team = Team.of(1);
        EvalModel model = new EvalModel(known(), Optional.empty(), "scalar")) {
      return new LayerFigures(model, text).measure(0, ScriptedCache.of(t -> new float[0]), team);
    }
  }

  @Test
  void massiveActivationsAreTheHiddenStatesPeaks() {
    List<?> peaks = (List<?>) figure(measure(), "peaks");
    assertEquals(1, peaks.size());
    assertArrayEquals(new double[] {5, 10, 3}, (double[]) peaks.getFirst());
  }

  @Test
  void withoutQueriesAllTokensDrawTheSameAttention() {
    List<?> attention = (List<?>) figure(measure(), "attention");
    // 1, 1/2, 1/3 for the first token; 1/2, 1/3 for the second; three digits of the means.
    assertArrayEquals(new double[] {0.611, 0.278, 0.111}, (double[]) attention.getFirst());
  }

  @Test
  void ropeSpreadsAKeyOverItsPairAndRotationOverAllChannels() {
    EvalRow row = measure();
    double[][] before = (double[][]) figure(row, "keys");
    assertArrayEquals(new double[] {2, 2, 2}, before[0], 1e-2);
    assertArrayEquals(new double[3], before[8]);
    double[][] after = (double[][]) figure(row, "keys_after_rope");
    assertArrayEquals(new double[] {2, 2 * Math.cos(1), 2 * Math.abs(Math.cos(2))}, after[0], 1e-2);
    assertArrayEquals(new double[] {0, 2 * Math.sin(1), 2 * Math.sin(2)}, after[8], 1e-2);
    double[][] rotated = (double[][]) figure(row, "keys_rotated");
    for (double[] channel : rotated) {
      assertArrayEquals(new double[] {0.5, 0.5, 0.5}, channel, 1e-2);
    }
  }

  @Test
  void longAxesAreShortenedToBuckets() {
    float[] numbers = new float[128];
    numbers[1] = 3;
    numbers[127] = 7;
    double[] largest = Buckets.largest(numbers, 128);
    assertEquals(64, largest.length);
    assertEquals(3, largest[0]);
    assertEquals(0, largest[1]);
    assertEquals(7, largest[63]);
    double[][] magnitudes = Buckets.magnitudes(numbers, 1);
    assertEquals(1.5, magnitudes[0][0]);
    assertEquals(3.5, magnitudes[0][63]);
  }
}
