package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.cuda.PrefillAttention.Fresh;
import io.rotatekv.kernels.cuda.PrefillAttention.Rows;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention of a chunk against FP64, over the same FP16 numbers. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PrefillAttentionGpuTest {

  /** Weights and outputs are rounded to FP16. */
  private static final double TOLERANCE = 1e-3;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();

  /** A chunk, and how much of the context before it is not stored. */
  record Case(int headDim, int heads, int kvHeads, int position, int rows, Fresh mode, int fresh) {

    int end() {
      return position + rows;
    }

    /** Blocks that the queries of a block see as they are stored. */
    int stored(int block) {
      return switch (mode) {
        case OWN_BLOCK -> block;
        case FROM_FIRST -> fresh;
        case NONE -> block + 1;
      };
    }

    float[] numbers(Random random, int rows, double deviation) {
      float[] numbers = new float[rows];
      for (int i = 0; i < rows; i++) {
        float number = (float) (deviation * random.nextGaussian());
        numbers[i] = Float.float16ToFloat(Float.floatToFloat16(number));
      }
      return numbers;
    }
  }

  static List<Case> cases() {
    return List.of(
        new Case(128, 4, 4, 0, 300, Fresh.OWN_BLOCK, 0), // two blocks a thread block, a part of one
        new Case(128, 4, 2, 100, 200, Fresh.OWN_BLOCK, 1), // two heads a thread block, mid-block
        new Case(64, 6, 2, 0, 190, Fresh.OWN_BLOCK, 0), // three heads per KV head
        new Case(64, 8, 1, 70, 130, Fresh.OWN_BLOCK, 1),
        new Case(128, 5, 1, 64, 64, Fresh.OWN_BLOCK, 1), // a whole block, half of a thread block
        new Case(128, 2, 2, 63, 1, Fresh.OWN_BLOCK, 0), // one token
        new Case(128, 4, 4, 128, 200, Fresh.FROM_FIRST, 2),
        new Case(128, 2, 1, 192, 77, Fresh.FROM_FIRST, 1),
        new Case(128, 3, 3, 0, 131, Fresh.NONE, 0),
        new Case(64, 4, 2, 10, 131, Fresh.NONE, 0));
  }

  @AfterAll
  void close() {
    stream.close();
    device.close();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void equalsAttentionInDoublePrecision(Case of) {
    Random random = new Random(7);
    int kvWidth = of.kvHeads * of.headDim;
    int queryWidth = of.heads * of.headDim;
    int storedTokens = Math.max(1, of.end());
    int freshTokens = of.end() - of.fresh * BLOCK_TOKENS;
    float[] query = of.numbers(random, of.rows * queryWidth, 2 / Math.sqrt(of.headDim));
    float[] storedKeys = of.numbers(random, storedTokens * kvWidth, 1);
    float[] storedValues = of.numbers(random, storedTokens * kvWidth, 1);
    float[] freshKeys = of.numbers(random, freshTokens * kvWidth, 1);
    float[] freshValues = of.numbers(random, freshTokens * kvWidth, 1);
    try (PrefillAttention attention =
            new PrefillAttention(device, of.heads, of.kvHeads, of.headDim);
        DeviceBuffer queries = GpuMemory.rounded(device, stream, query);
        DeviceBuffer keys = GpuMemory.rounded(device, stream, storedKeys);
        DeviceBuffer values = GpuMemory.rounded(device, stream, storedValues);
        DeviceBuffer newKeys = GpuMemory.rounded(device, stream, freshKeys);
        DeviceBuffer newValues = GpuMemory.rounded(device, stream, freshValues);
        DeviceBuffer out = device.allocate((long) query.length * Short.BYTES)) {
      attention.attend(
          queries.address(),
          of.rows,
          of.position,
          new Rows(keys.address(), values.address()),
          storedTokens,
          new Rows(newKeys.address(), newValues.address()),
          of.fresh,
          of.mode,
          out.address(),
          stream);

      double[] expected = attend(of, query, storedKeys, storedValues, freshKeys, freshValues);
      double error = distance(expected, GpuMemory.widened(out, stream));
      assertTrue(error < TOLERANCE, of + " differs by " + error);
    }
  }

  @Test
  void shapesThatTheKernelDoesNotKnowAreRefused() {
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> new PrefillAttention(device, 8, 8, 32));

    assertTrue(String.valueOf(error.getMessage()).contains("--backend cpu"), error.getMessage());
  }

  private static double[] attend(
      Case of,
      float[] query,
      float[] storedKeys,
      float[] storedValues,
      float[] freshKeys,
      float[] freshValues) {
    double[] out = new double[query.length];
    for (int row = 0; row < of.rows; row++) {
      int position = of.position + row;
      int stored = of.stored(position / BLOCK_TOKENS) * BLOCK_TOKENS;
      for (int head = 0; head < of.heads; head++) {
        int at = (row * of.heads + head) * of.headDim;
        int kvHead = head / (of.heads / of.kvHeads);
        double sum = 0;
        for (int token = 0; token <= position; token++) {
          boolean fresh = token >= stored;
          int index = fresh ? token - of.fresh * BLOCK_TOKENS : token;
          int from = (index * of.kvHeads + kvHead) * of.headDim;
          float[] keys = fresh ? freshKeys : storedKeys;
          float[] values = fresh ? freshValues : storedValues;
          double score = 0;
          for (int i = 0; i < of.headDim; i++) {
            score += (double) query[at + i] * keys[from + i];
          }
          double weight = Math.pow(2, score);
          sum += weight;
          for (int i = 0; i < of.headDim; i++) {
            out[at + i] += weight * values[from + i];
          }
        }
        for (int i = 0; i < of.headDim; i++) {
          out[at + i] /= sum;
        }
      }
    }
    return out;
  }

  private static double distance(double[] expected, float[] found) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += (expected[i] - found[i]) * (expected[i] - found[i]);
      norm += expected[i] * expected[i];
    }
    return Math.sqrt(error / norm);
  }
}
