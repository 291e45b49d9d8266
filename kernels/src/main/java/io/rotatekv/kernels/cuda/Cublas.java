package io.rotatekv.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products of cuBLAS, bound by the foreign-function API.
 *
 * <p>Its workspace is fixed, so that products can be recorded in a {@link CudaGraph}; products of
 * one instance must therefore follow one another, on one stream or with events between.
 */
public final class Cublas extends CudaHandle {

  /** What cuBLAS recommends for Hopper; on smaller cards it takes less. */
  private static final long WORKSPACE_BYTES = 32L << 20;

  private static final int OP_N = 0;
  private static final int OP_T = 1;
  private static final int R_32F = 0;
  private static final int R_16F = 2;
  private static final int COMPUTE_32F = 68;
  private static final int GEMM_DEFAULT = -1;

  private final MethodHandle destroy;
  private final MethodHandle setStream;
  private final MethodHandle setWorkspace;
  private final MethodHandle gemmEx;
  private final MemorySegment alpha;
  private final MemorySegment betaCell;
  private final DeviceBuffer workspace;
  private final long handle;
  private @Nullable CudaStream current;

  private Cublas(CudaDevice device, CublasLibrary library) {
    super(device);
    destroy = library.function("cublasDestroy_v2", JAVA_LONG);
    setStream = library.function("cublasSetStream_v2", JAVA_LONG, JAVA_LONG);
    setWorkspace = library.function("cublasSetWorkspace_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    // handle, op(A), op(B), m, n, k, alpha, A, type, lda, B, type, ldb, beta, C, type, ldc,
    // compute type, algorithm
    gemmEx =
        library.function(
            "cublasGemmEx",
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            ADDRESS,
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            ADDRESS,
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT);
    handle = create(library.function("cublasCreate_v2", ADDRESS));
    workspace = device.allocate(WORKSPACE_BYTES);
    alpha = Arena.ofAuto().allocateFrom(JAVA_FLOAT, 1f);
    betaCell = Arena.ofAuto().allocate(JAVA_FLOAT);
  }

  /** Why there is no cuBLAS on this machine, with the cure; empty where there is. */
  public static Optional<String> obstacle() {
    return CublasLibrary.find(System.getenv()).isPresent()
        ? Optional.empty()
        : Optional.of(CublasLibrary.missing(System.getenv()));
  }

  static Cublas open(CudaDevice device) {
    CublasLibrary library =
        CublasLibrary.find(System.getenv())
            .orElseThrow(() -> new IllegalStateException(CublasLibrary.missing(System.getenv())));
    device.makeCurrent();
    return new Cublas(device, library);
  }

  private static long create(MethodHandle create) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment cell = scratch.allocate(JAVA_LONG);
      CublasStatus.check("cublasCreate", CublasStatus.call(create, cell));
      return cell.get(JAVA_LONG, 0);
    }
  }

  /**
   * Queues {@code y (n, rows) = x (n, cols) . w (rows, cols)^T + beta * y}, all row-major at device
   * addresses, {@code w} and {@code x} in FP16, sums in FP32.
   *
   * @param out the type of {@code y}
   * @throws CudaException if cuBLAS refuses
   */
  public void multiply(
      long w,
      int rows,
      int cols,
      long x,
      int n,
      long y,
      ElementType out,
      float beta,
      CudaStream stream) {
    use(stream);
    betaCell.set(JAVA_FLOAT, 0, beta);
    int outType = out == ElementType.FP16 ? R_16F : R_32F;
    // cuBLAS counts columns first: its C (rows, n) is y, its A^T is w and its B (cols, n) is x.
    int status;
    try {
      status =
          (int)
              gemmEx.invokeExact(
                  handle,
                  OP_T,
                  OP_N,
                  rows,
                  n,
                  cols,
                  alpha,
                  w,
                  R_16F,
                  cols,
                  x,
                  R_16F,
                  cols,
                  betaCell,
                  y,
                  outType,
                  rows,
                  COMPUTE_32F,
                  GEMM_DEFAULT);
    } catch (Throwable e) {
      throw NativeLibrary.unexpected(e);
    }
    CublasStatus.check(
        "cublasGemmEx of (%d, %d) . (%d, %d)^T".formatted(n, cols, rows, cols), status);
  }

  /** Changing the stream makes cuBLAS forget the workspace. */
  private void use(CudaStream stream) {
    if (current == stream) {
      return;
    }
    CublasStatus.check("cublasSetStream", CublasStatus.call(setStream, handle, stream.address()));
    CublasStatus.check(
        "cublasSetWorkspace",
        CublasStatus.call(setWorkspace, handle, workspace.address(), workspace.bytes()));
    current = stream;
  }

  @Override
  void destroy() {
    workspace.close();
    CublasStatus.check("cublasDestroy", CublasStatus.call(destroy, handle));
  }
}
