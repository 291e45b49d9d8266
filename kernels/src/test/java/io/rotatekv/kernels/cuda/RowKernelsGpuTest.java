package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Embedding, RMSNorm, gated products and SwiGLU against the scalar kernels. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RowKernelsGpuTest {

  private static final int ROWS = 3;

  /** Half the distance of FP16 numbers, relative, and some room for FP32 before it. */
  private static final double HALF_ERROR = 0x1p-11 + 0x1p-18;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private final Team team = Team.of(1);
  private final Kernels kernels = Backends.open("scalar", team).kernels();
  private final Random random = new Random(11);

  @AfterAll
  void close() {
    team.close();
    stream.close();
    device.close();
  }

  // 48: fewer than a block's threads; 576: the demo model; 4100: more than threads, uneven.
  @ParameterizedTest
  @ValueSource(ints = {48, 576, 4100})
  void embeddingsAreCopiedExactly(int width) {
    short[] table = halves(7 * width);
    int[] tokens = {6, 0, 3};
    try (EmbedKernel kernel = new EmbedKernel(device);
        DeviceBuffer tableBuffer = GpuMemory.halves(device, stream, table);
        DeviceBuffer tokenBuffer = ints(tokens);
        DeviceBuffer hidden = poisoned(ROWS * width)) {
      kernel.embed(
          tableBuffer.address(), tokenBuffer.address(), ROWS, width, hidden.address(), stream);

      float[] actual = GpuMemory.floats(hidden, stream);
      for (int i = 0; i < ROWS * width; i++) {
        int from = tokens[i / width] * width + i % width;
        assertEquals(Float.float16ToFloat(table[from]), actual[i], 0f, "element " + i);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {48, 576, 4100})
  void normAndLargestMagnitudeAreThoseOfTheScalarKernel(int width) {
    float[] x = floats(ROWS * width, 3);
    float[] weight = floats(width, 1);
    float[] expected = new float[x.length];
    kernels.rmsNorm().normalize(x, ROWS, weight, 1e-5f, expected);
    try (RmsNormKernel kernel = new RmsNormKernel(device);
        DeviceBuffer xBuffer = GpuMemory.floats(device, stream, x);
        DeviceBuffer weightBuffer = GpuMemory.floats(device, stream, weight);
        DeviceBuffer out = GpuMemory.halves(device, stream, new short[x.length]);
        DeviceBuffer largest = poisoned(ROWS)) {
      kernel.normalize(
          xBuffer.address(),
          weightBuffer.address(),
          ROWS,
          width,
          1e-5f,
          out.address(),
          largest.address(),
          stream);

      assertHalves(expected, GpuMemory.halves(out, stream));
      float[] magnitudes = GpuMemory.floats(largest, stream);
      for (int row = 0; row < ROWS; row++) {
        assertEquals(largest(x, row * width, width), magnitudes[row], 0f, "row " + row);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {80, 1536, 1000})
  void swiGluIsThatOfTheScalarKernelAndSaturates(int width) {
    float[] gateUp = floats(ROWS * 2 * width, 4);
    gateUp[0] = 3_000;
    gateUp[width] = -3_000;
    float[] expected = new float[ROWS * width];
    for (int row = 0; row < ROWS; row++) {
      float[] gate = new float[width];
      float[] up = new float[width];
      System.arraycopy(gateUp, row * 2 * width, gate, 0, width);
      System.arraycopy(gateUp, row * 2 * width + width, up, 0, width);
      kernels.swiGlu().apply(gate, up, width);
      System.arraycopy(gate, 0, expected, row * width, width);
    }
    expected[0] = -65504f;
    try (SwiGluKernel kernel = new SwiGluKernel(device);
        DeviceBuffer in = GpuMemory.floats(device, stream, gateUp);
        DeviceBuffer out = GpuMemory.halves(device, stream, new short[expected.length])) {
      kernel.apply(in.address(), ROWS, width, out.address(), stream);

      assertHalves(expected, GpuMemory.halves(out, stream));
    }
  }

  // Rows of each variant; 72: less than a warp's chunk; 2,056: several and a rest. Hopper alone has
  // it.
  @ParameterizedTest
  @CsvSource({"1, 576", "2, 2056", "4, 72"})
  void gatedRowsAreThoseOfNormProductsAndSwiGlu(int rows, int cols) {
    int width = 37;
    float[] x = floats(rows * cols, 3);
    float[] norm = floats(cols, 1);
    float[] w = floats(2 * width * cols, 0.1);
    float[] normed = new float[x.length];
    kernels.rmsNorm().normalize(x, rows, norm, 1e-5f, normed);
    for (int i = 0; i < normed.length; i++) {
      normed[i] = Float.float16ToFloat(Float.floatToFloat16(normed[i]));
    }
    Optional<StreamedProducts> streamed = StreamedProducts.open(device, cols);
    assertEquals(device.codeCapability() == 90, streamed.isPresent());
    if (streamed.isEmpty()) {
      return;
    }
    try (StreamedProducts kernel = streamed.get();
        DeviceBuffer weights = GpuMemory.rounded(device, stream, w);
        DeviceBuffer in = GpuMemory.floats(device, stream, x);
        DeviceBuffer normWeight = GpuMemory.floats(device, stream, norm);
        DeviceBuffer out = GpuMemory.halves(device, stream, new short[rows * width])) {
      kernel.gateUp(
          weights.address(),
          in.address(),
          normWeight.address(),
          width,
          cols,
          rows,
          1e-5f,
          out.address(),
          stream);

      float[] actual = GpuMemory.widened(out, stream);
      for (int row = 0; row < rows; row++) {
        float[] gate = product(w, 0, width, normed, row, cols);
        float[] up = product(w, width, width, normed, row, cols);
        double largest = largest(gate, 0, width) * largest(up, 0, width);
        kernels.swiGlu().apply(gate, up, width);
        for (int i = 0; i < width; i++) {
          double tolerance =
              Math.abs(gate[i]) * HALF_ERROR + largest * 1e-4; // norms may round apart
          assertEquals(gate[i], actual[row * width + i], tolerance, row + ", " + i);
        }
      }
    }
  }

  /** Rows of weights, as FP16 has them, times one row of activations. */
  private static float[] product(float[] w, int first, int count, float[] x, int row, int cols) {
    float[] y = new float[count];
    for (int i = 0; i < count; i++) {
      double sum = 0;
      for (int c = 0; c < cols; c++) {
        float weight = Float.float16ToFloat(Float.floatToFloat16(w[(first + i) * cols + c]));
        sum += (double) weight * x[row * cols + c];
      }
      y[i] = (float) sum;
    }
    return y;
  }

  private static float largest(float[] x, int offset, int width) {
    float largest = 0;
    for (int i = offset; i < offset + width; i++) {
      largest = Math.max(largest, Math.abs(x[i]));
    }
    return largest;
  }

  private static void assertHalves(float[] expected, short[] actual) {
    for (int i = 0; i < expected.length; i++) {
      // Numbers below FP16's normal ones have an absolute error.
      double tolerance = Math.abs(expected[i]) * HALF_ERROR + 0x1p-24;
      assertEquals(expected[i], Float.float16ToFloat(actual[i]), tolerance, "element " + i);
    }
  }

  private DeviceBuffer poisoned(int count) {
    float[] nan = new float[count];
    Arrays.fill(nan, Float.NaN);
    return GpuMemory.floats(device, stream, nan);
  }

  private DeviceBuffer ints(int... values) {
    try (Arena arena = Arena.ofConfined()) {
      DeviceBuffer buffer = device.allocate((long) values.length * Integer.BYTES);
      buffer.upload(arena.allocateFrom(ValueLayout.JAVA_INT, values), 0, stream);
      stream.synchronize();
      return buffer;
    }
  }

  private short[] halves(int count) {
    short[] values = new short[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.floatToFloat16((float) random.nextGaussian());
    }
    return values;
  }

  private float[] floats(int count, double deviation) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return values;
  }
}
