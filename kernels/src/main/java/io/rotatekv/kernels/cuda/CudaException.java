package io.rotatekv.kernels.cuda;

/** A call of the CUDA driver or of cuBLAS that failed. */
public final class CudaException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String call;
  private final int code;
  private final String codeName;

  CudaException(String call, int code, String codeName) {
    super("%s failed with %s (%d)".formatted(call, codeName, code));
    this.call = call;
    this.code = code;
    this.codeName = codeName;
  }

  /** The function that failed, with what it was called on where that helps. */
  public String call() {
    return call;
  }

  /** The library's error number. */
  public int code() {
    return code;
  }

  /** The library's name of the error, such as {@code CUDA_ERROR_OUT_OF_MEMORY}. */
  public String codeName() {
    return codeName;
  }
}
