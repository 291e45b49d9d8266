package io.rotatekv.kernels.cuda;

import java.lang.invoke.MethodHandle;

/** What cuBLAS answers. */
final class CublasStatus {

  private CublasStatus() {}

  /** Calls a function of cuBLAS off the hot path. */
  static int call(MethodHandle function, Object... arguments) {
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw NativeLibrary.unexpected(e);
    }
  }

  /**
   * Turns a status into an exception.
   *
   * @throws CudaException unless it is success
   */
  static void check(String call, int status) {
    if (status != 0) {
      throw new CudaException(call, status, name(status));
    }
  }

  /** Names of {@code cublasStatus_t}. */
  private static String name(int status) {
    return switch (status) {
      case 1 -> "CUBLAS_STATUS_NOT_INITIALIZED";
      case 3 -> "CUBLAS_STATUS_ALLOC_FAILED";
      case 7 -> "CUBLAS_STATUS_INVALID_VALUE";
      case 8 -> "CUBLAS_STATUS_ARCH_MISMATCH";
      case 11 -> "CUBLAS_STATUS_MAPPING_ERROR";
      case 13 -> "CUBLAS_STATUS_EXECUTION_FAILED";
      case 14 -> "CUBLAS_STATUS_INTERNAL_ERROR";
      case 15 -> "CUBLAS_STATUS_NOT_SUPPORTED";
      case 16 -> "CUBLAS_STATUS_LICENSE_ERROR";
      default -> "CUBLAS_STATUS";
    };
  }
}
