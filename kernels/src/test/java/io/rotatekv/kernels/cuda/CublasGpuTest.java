package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Products against sums in FP64. */
final class CublasGpuTest {

  private static final int ROWS = 48;
  private static final int COLS = 72;
  private static final int N = 5;

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();
  private final Cublas cublas = device.cublas();
  private final Random random = new Random(2);

  @AfterEach
  void close() {
    cublas.close();
    stream.close();
    device.close();
  }

  @Test
  void productInFp32IsExactToItsSums() {
    short[] w = halves(ROWS * COLS);
    short[] x = halves(N * COLS);
    float[] before = floats(N * ROWS);
    try (DeviceBuffer wd = GpuMemory.halves(device, stream, w);
        DeviceBuffer xd = GpuMemory.halves(device, stream, x);
        DeviceBuffer yd = GpuMemory.floats(device, stream, before)) {
      cublas.multiply(
          wd.address(), ROWS, COLS, xd.address(), N, yd.address(), ElementType.FP32, 1, stream);

      assertProduct(w, x, before, GpuMemory.floats(yd, stream), 1e-4);
    }
  }

  @Test
  void productInFp16IsRoundedOnce() {
    short[] w = halves(ROWS * COLS);
    short[] x = halves(N * COLS);
    try (DeviceBuffer wd = GpuMemory.halves(device, stream, w);
        DeviceBuffer xd = GpuMemory.halves(device, stream, x);
        DeviceBuffer yd = GpuMemory.halves(device, stream, halves(N * ROWS))) {
      cublas.multiply(
          wd.address(), ROWS, COLS, xd.address(), N, yd.address(), ElementType.FP16, 0, stream);

      short[] y = GpuMemory.halves(yd, stream);
      float[] widened = new float[y.length];
      for (int i = 0; i < y.length; i++) {
        widened[i] = Float.float16ToFloat(y[i]);
      }
      assertProduct(w, x, new float[y.length], widened, 0.02); // sums up to 40 in 11 bits
    }
  }

  @Test
  void productsAreRecordedInAGraph() {
    short[] w = halves(ROWS * COLS);
    short[] x = halves(N * COLS);
    try (DeviceBuffer wd = GpuMemory.halves(device, stream, w);
        DeviceBuffer xd = GpuMemory.halves(device, stream, new short[N * COLS]);
        DeviceBuffer late = GpuMemory.halves(device, stream, x);
        DeviceBuffer yd = GpuMemory.floats(device, stream, new float[N * ROWS]);
        CudaGraph graph =
            CudaGraph.capture(
                stream,
                () ->
                    cublas.multiply(
                        wd.address(),
                        ROWS,
                        COLS,
                        xd.address(),
                        N,
                        yd.address(),
                        ElementType.FP32,
                        0,
                        stream))) {
      xd.copy(late, 0, late.bytes(), 0, stream);
      graph.launch(stream);

      assertProduct(w, x, new float[N * ROWS], GpuMemory.floats(yd, stream), 1e-4);
    }
  }

  @Test
  void refusalsSayWhichProduct() {
    CudaException error =
        assertThrows(
            CudaException.class,
            () -> cublas.multiply(0, 4, -8, 0, 2, 0, ElementType.FP32, 0, stream));

    assertEquals("CUBLAS_STATUS_INVALID_VALUE", error.codeName());
    assertEquals("cublasGemmEx of (2, -8) . (4, -8)^T", error.call());
  }

  private static void assertProduct(
      short[] w, short[] x, float[] before, float[] y, double tolerance) {
    for (int i = 0; i < N; i++) {
      for (int r = 0; r < ROWS; r++) {
        double sum = before[i * ROWS + r];
        for (int c = 0; c < COLS; c++) {
          sum +=
              (double) Float.float16ToFloat(w[r * COLS + c])
                  * Float.float16ToFloat(x[i * COLS + c]);
        }
        assertEquals(sum, y[i * ROWS + r], tolerance, "row %d of token %d".formatted(r, i));
      }
    }
  }

  private short[] halves(int count) {
    short[] values = new short[count];
    for (int i = 0; i < count; i++) {
      values[i] = Float.floatToFloat16((float) random.nextGaussian());
    }
    return values;
  }

  private float[] floats(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
