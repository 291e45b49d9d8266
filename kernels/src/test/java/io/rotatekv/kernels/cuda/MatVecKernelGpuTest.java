package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of few rows against sums in FP64. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MatVecKernelGpuTest {

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private final MatVecKernel kernel = new MatVecKernel(device);
  private final Random random = new Random(21);

  @AfterAll
  void close() {
    kernel.close();
    stream.close();
    device.close();
  }

  // 72: less than a warp's load; 576: the demo model; 2,056: unrolled loop and rest; odd rows.
  @ParameterizedTest
  @CsvSource({"1, 5, 72, 0", "2, 960, 576, 1", "3, 33, 2056, 0", "4, 4097, 1024, 1"})
  void productsAreExactToTheirSums(int n, int rows, int cols, float beta) {
    short[] w = halves(rows * cols);
    short[] x = halves(n * cols);
    float[] before = new float[n * rows];
    for (int i = 0; i < before.length; i++) {
      before[i] = beta == 0 ? Float.NaN : (float) random.nextGaussian();
    }
    try (DeviceBuffer wd = GpuMemory.halves(device, stream, w);
        DeviceBuffer xd = GpuMemory.halves(device, stream, x);
        DeviceBuffer yd = GpuMemory.floats(device, stream, before)) {
      kernel.multiply(wd.address(), rows, cols, xd.address(), n, yd.address(), beta, stream);

      assertSums(w, x, beta == 0 ? new float[n * rows] : before, yd, cols);
    }
  }

  // 578 rows: uneven over multiprocessors and warps; 11,008 columns: several chunks and a rest.
  @ParameterizedTest
  @CsvSource({"1, 6, 72, 0", "2, 960, 576, 1", "3, 34, 2056, 0", "4, 578, 11008, 1"})
  void streamedProductsAreExactToTheirSums(int n, int rows, int cols, float beta) {
    Optional<StreamedProducts> streamed = StreamedProducts.open(device, cols);
    assertEquals(device.codeCapability() == 90, streamed.isPresent());
    if (streamed.isEmpty()) {
      return;
    }
    short[] w = halves(rows * cols);
    short[] x = halves(n * cols);
    float[] before = new float[n * rows];
    for (int i = 0; i < before.length; i++) {
      before[i] = beta == 0 ? Float.NaN : (float) random.nextGaussian();
    }
    try (StreamedProducts products = streamed.get();
        DeviceBuffer wd = GpuMemory.halves(device, stream, w);
        DeviceBuffer xd = GpuMemory.halves(device, stream, x);
        DeviceBuffer yd = GpuMemory.floats(device, stream, before)) {
      products.product(wd.address(), rows, cols, xd.address(), n, yd.address(), beta, stream);

      assertSums(w, x, beta == 0 ? new float[n * rows] : before, yd, cols);
    }
  }

  private void assertSums(short[] w, short[] x, float[] before, DeviceBuffer yd, int cols) {
    float[] y = GpuMemory.floats(yd, stream);
    int rows = w.length / cols;
    for (int i = 0; i < y.length; i++) {
      double sum = before[i];
      for (int c = 0; c < cols; c++) {
        sum += (double) half(w[i % rows * cols + c]) * half(x[i / rows * cols + c]);
      }
      assertEquals(sum, y[i], 1e-3, "row %d of token %d".formatted(i % rows, i / rows));
    }
  }

  private static float half(short bits) {
    return Float.float16ToFloat(bits);
  }

  private short[] halves(int count) {
    short[] values = new short[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.floatToFloat16((float) random.nextGaussian());
    }
    return values;
  }
}
