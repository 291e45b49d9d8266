package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.ops.RopeTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Projections and their epilogue against norm, products, bias, scalar RoPE and rounding. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class QkvKernelGpuTest {

  private static final int HEADS = 9;
  private static final int KV_HEADS = 3;
  private static final int HEAD_DIM = 64;
  private static final int QUERY_DIM = HEADS * HEAD_DIM;
  private static final int KV_DIM = KV_HEADS * HEAD_DIM;
  private static final int WIDTH = QUERY_DIM + 2 * KV_DIM;
  private static final int LAYERS = 2;
  private static final float EPSILON = 1e-5f;

  /** One at the context's start, one at a block's end, one far away. */
  private static final int[] POSITIONS = {0, 127, 8_000};

  private static final int ROWS = POSITIONS.length;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private final double[] frequencies = frequencies();
  private final RopeAngles angles = new RopeAngles(device, frequencies, 8_192);
  private final QkvKernel kernel = new QkvKernel(device, HEADS, KV_HEADS, angles);
  private final Team team = Team.of(1);
  private final Kernels scalar = Backends.open("scalar", team).kernels();
  private final RopeTable table = new RopeTable(frequencies, 8_192);
  private final Random random = new Random(5);

  @AfterAll
  void close() {
    team.close();
    kernel.close();
    angles.close();
    stream.close();
    device.close();
  }

  @Test
  void decodeRotatesQueriesAndAppendsToTheUnfilledBlocks() {
    float[] qkv = floats(ROWS * WIDTH);
    float[] bias = floats(WIDTH);
    float[] magnitudes = {1, 20, 3};
    long side = 64L * KV_DIM * Short.BYTES;
    try (DeviceBuffer in = GpuMemory.floats(device, stream, qkv);
        DeviceBuffer biases = GpuMemory.floats(device, stream, bias);
        DeviceBuffer positions = ints(POSITIONS);
        DeviceBuffer largest = GpuMemory.floats(device, stream, magnitudes);
        DeviceBuffer tails = device.allocate(2L * ROWS * side);
        DeviceBuffer maxima = device.allocate(64L * ROWS * LAYERS * Float.BYTES);
        DeviceBuffer tailTable = addresses(tails, 2 * side);
        DeviceBuffer maximaTable = addresses(maxima, 64L * LAYERS * Float.BYTES);
        DeviceBuffer query = device.allocate(1L * ROWS * QUERY_DIM * Float.BYTES)) {
      tails.zero(stream);
      maxima.zero(stream);
      QkvKernel.NewTokens tokens =
          new QkvKernel.NewTokens(
              ROWS,
              1,
              biases.address(),
              positions.address(),
              tailTable.address(),
              maximaTable.address(),
              query.address());
      kernel.decode(in.address(), largest.address(), tokens, stream);

      assertQueries(qkv, bias, GpuMemory.floats(query, stream), 1e-6);
      short[] blocks = GpuMemory.halves(tails, stream);
      float[] kept = GpuMemory.floats(maxima, stream);
      for (int row = 0; row < ROWS; row++) {
        int slot = POSITIONS[row] % 64;
        int keys = row * 128 * KV_DIM + slot * KV_DIM;
        assertRow(qkv, bias, row, QUERY_DIM, blocks, keys);
        assertRow(qkv, bias, row, QUERY_DIM + KV_DIM, blocks, keys + 64 * KV_DIM);
        assertEquals(magnitudes[row], kept[(row * LAYERS + 1) * 64 + slot]);
        assertEquals(0, kept[row * LAYERS * 64 + slot], "another layer's magnitude");
      }
      assertEquals(ROWS * 2 * KV_DIM, count(blocks), "numbers written");
    }
  }

  // The variants for 1, 2 and 4 rows; 72 columns are less than a warp loads at a time, 2,056 more
  // and uneven.
  @ParameterizedTest
  @CsvSource({"1, 576", "2, 2056", "3, 72"})
  void projectedTokensAreThoseOfNormProductAndEpilogue(int rows, int cols) {
    float[] hidden = floats(rows * cols);
    hidden[cols / 2] = -40;
    float[] norm = floats(cols);
    float[] weights = floats(WIDTH * cols);
    float[] bias = floats(WIDTH);
    float[] qkv = projected(hidden, norm, weights, rows, cols);
    long side = 64L * KV_DIM * Short.BYTES;
    Optional<StreamedProducts> streamed = StreamedProducts.open(device, cols);
    assertEquals(device.codeCapability() == 90, streamed.isPresent());
    if (streamed.isEmpty()) {
      return;
    }
    try (StreamedProducts products = streamed.get();
        DeviceBuffer w = GpuMemory.rounded(device, stream, weights);
        DeviceBuffer in = GpuMemory.floats(device, stream, hidden);
        DeviceBuffer normWeight = GpuMemory.floats(device, stream, norm);
        DeviceBuffer biases = GpuMemory.floats(device, stream, bias);
        DeviceBuffer positions = ints(POSITIONS);
        DeviceBuffer tails = device.allocate(2L * ROWS * side);
        DeviceBuffer maxima = device.allocate(64L * ROWS * LAYERS * Float.BYTES);
        DeviceBuffer tailTable = addresses(tails, 2 * side);
        DeviceBuffer maximaTable = addresses(maxima, 64L * LAYERS * Float.BYTES);
        DeviceBuffer query = device.allocate(1L * rows * QUERY_DIM * Float.BYTES)) {
      tails.zero(stream);
      maxima.zero(stream);
      QkvKernel.NewTokens tokens =
          new QkvKernel.NewTokens(
              rows,
              1,
              biases.address(),
              positions.address(),
              tailTable.address(),
              maximaTable.address(),
              query.address());
      products.project(
          w.address(), in.address(), normWeight.address(), cols, EPSILON, kernel, tokens, stream);

      // Normalized activations are rounded to FP16, each by its own 2^-12 on average.
      double unit = Math.sqrt(cols);
      assertQueries(qkv, bias, GpuMemory.floats(query, stream), 0x1p-11 * unit);
      float[] blocks = GpuMemory.widened(tails, stream);
      float[] kept = GpuMemory.floats(maxima, stream);
      for (int row = 0; row < rows; row++) {
        int slot = POSITIONS[row] % 64;
        for (int i = 0; i < 2 * KV_DIM; i++) {
          int at = row * 128 * KV_DIM + (i / KV_DIM * 64 + slot) * KV_DIM + i % KV_DIM;
          float expected = qkv[row * WIDTH + QUERY_DIM + i] + bias[QUERY_DIM + i];
          assertEquals(expected, blocks[at], 6 * unit * 0x1p-11, "row %d, %d".formatted(row, i));
        }
        float largest = row == 0 ? 40 : largest(hidden, row * cols, cols);
        assertEquals(largest, kept[(row * LAYERS + 1) * 64 + slot]);
      }
    }
  }

  private static float largest(float[] x, int from, int count) {
    float largest = 0;
    for (int i = from; i < from + count; i++) {
      largest = Math.max(largest, Math.abs(x[i]));
    }
    return largest;
  }

  /** Norm and product in FP64, of weights as FP16 has them. */
  private static float[] projected(
      float[] hidden, float[] norm, float[] weights, int rows, int cols) {
    float[] qkv = new float[rows * WIDTH];
    for (int row = 0; row < rows; row++) {
      double squares = 0;
      for (int c = 0; c < cols; c++) {
        squares += (double) hidden[row * cols + c] * hidden[row * cols + c];
      }
      double scale = 1 / Math.sqrt(squares / cols + EPSILON);
      for (int i = 0; i < WIDTH; i++) {
        double sum = 0;
        for (int c = 0; c < cols; c++) {
          float w = Float.float16ToFloat(Float.floatToFloat16(weights[i * cols + c]));
          sum += (double) hidden[row * cols + c] * norm[c] * w;
        }
        qkv[row * WIDTH + i] = (float) (sum * scale);
      }
    }
    return qkv;
  }

  @Test
  void prefillWritesRowsOneAfterTheOther() {
    float[] qkv = floats(ROWS * WIDTH);
    try (DeviceBuffer in = GpuMemory.floats(device, stream, qkv);
        DeviceBuffer positions = ints(POSITIONS);
        DeviceBuffer keys = GpuMemory.halves(device, stream, new short[ROWS * KV_DIM]);
        DeviceBuffer values = GpuMemory.halves(device, stream, new short[ROWS * KV_DIM]);
        DeviceBuffer query = GpuMemory.halves(device, stream, new short[ROWS * QUERY_DIM])) {
      kernel.prefill(
          in.address(),
          0,
          positions.address(),
          ROWS,
          keys.address(),
          values.address(),
          query.address(),
          stream);

      float[] bias = new float[WIDTH];
      assertQueries(qkv, bias, widen(GpuMemory.halves(query, stream)), 0x1p-11);
      short[] keyRows = GpuMemory.halves(keys, stream);
      short[] valueRows = GpuMemory.halves(values, stream);
      for (int row = 0; row < ROWS; row++) {
        assertRow(qkv, bias, row, QUERY_DIM, keyRows, row * KV_DIM);
        assertRow(qkv, bias, row, QUERY_DIM + KV_DIM, valueRows, row * KV_DIM);
      }
    }
  }

  @Test
  void keysOfConsecutiveTokensAreRotated() {
    float[] rows = floats(ROWS * KV_DIM);
    short[] keys = new short[rows.length];
    for (int i = 0; i < rows.length; i++) {
      keys[i] = Float.floatToFloat16(rows[i]);
    }
    int first = 63;
    try (RopeKeysKernel rope = new RopeKeysKernel(device, KV_HEADS, angles);
        DeviceBuffer in = GpuMemory.halves(device, stream, keys);
        DeviceBuffer out = GpuMemory.halves(device, stream, new short[keys.length])) {
      rope.rotate(in.address(), ROWS, first, out.address(), stream);

      float[] expected = widen(keys);
      float[] actual = widen(GpuMemory.halves(out, stream));
      for (int row = 0; row < ROWS; row++) {
        scalar.rope().rotate(expected, row * KV_DIM, KV_HEADS, first + row, table);
      }
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], 6 * 0x1p-11, "element " + i);
      }
    }
  }

  private void assertQueries(float[] qkv, float[] bias, float[] actual, double relative) {
    double scale = 1 / (Math.log(2) * Math.sqrt(HEAD_DIM));
    for (int row = 0; row < actual.length / QUERY_DIM; row++) {
      float[] expected = new float[QUERY_DIM];
      for (int i = 0; i < QUERY_DIM; i++) {
        expected[i] = qkv[row * WIDTH + i] + bias[i];
      }
      scalar.rope().rotate(expected, 0, HEADS, POSITIONS[row], table);
      for (int i = 0; i < QUERY_DIM; i++) {
        // Rotating keeps a pair's length, which is within 6 here: the unit of the error.
        assertEquals(
            expected[i] * scale,
            actual[row * QUERY_DIM + i],
            relative * 6 * scale,
            "row %d channel %d".formatted(row, i));
      }
    }
  }

  private static void assertRow(
      float[] qkv, float[] bias, int row, int column, short[] actual, int at) {
    for (int i = 0; i < KV_DIM; i++) {
      short expected = Float.floatToFloat16(qkv[row * WIDTH + column + i] + bias[column + i]);
      assertEquals(expected, actual[at + i], "row %d column %d".formatted(row, column + i));
    }
  }

  private static int count(short[] values) {
    int count = 0;
    for (short value : values) {
      count += value == 0 ? 0 : 1;
    }
    return count;
  }

  private static float[] widen(short[] halves) {
    float[] floats = new float[halves.length];
    for (int i = 0; i < halves.length; i++) {
      floats[i] = Float.float16ToFloat(halves[i]);
    }
    return floats;
  }

  private DeviceBuffer addresses(DeviceBuffer of, long step) {
    long[] addresses = new long[ROWS];
    Arrays.setAll(addresses, row -> of.address() + row * step);
    try (Arena arena = Arena.ofConfined()) {
      return upload(arena.allocateFrom(ValueLayout.JAVA_LONG, addresses));
    }
  }

  private DeviceBuffer ints(int... values) {
    try (Arena arena = Arena.ofConfined()) {
      return upload(arena.allocateFrom(ValueLayout.JAVA_INT, values));
    }
  }

  private DeviceBuffer upload(MemorySegment host) {
    DeviceBuffer buffer = device.allocate(host.byteSize());
    buffer.upload(host, 0, stream);
    stream.synchronize();
    return buffer;
  }

  private static double[] frequencies() {
    double[] frequencies = new double[HEAD_DIM / 2];
    Arrays.setAll(frequencies, pair -> Math.pow(100_000, -2.0 * pair / HEAD_DIM));
    return frequencies;
  }

  /** Gaussian numbers with none that rounds to 0 in FP16. */
  private float[] floats(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      float x = (float) random.nextGaussian();
      values[i] = Math.abs(x) < 1e-3f ? 1 : x;
    }
    return values;
  }
}
