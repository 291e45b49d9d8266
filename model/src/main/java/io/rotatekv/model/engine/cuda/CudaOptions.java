package io.rotatekv.model.engine.cuda;

/**
 * How much of a device an engine takes.
 *
 * @param device the GPU's number among those that the driver shows
 * @param maxBatch the most sequences of one decode step; more take turns
 * @param cacheBytes device memory for the KV cache; 0 takes what {@code cacheShare} says
 * @param cacheShare share of the memory that is free once weights and buffers are there
 */
public record CudaOptions(int device, int maxBatch, long cacheBytes, double cacheShare) {

  /** The first GPU, 64 sequences, nine tenths of what is free. */
  public static final CudaOptions DEFAULT = new CudaOptions(0, 64, 0, 0.9);

  public CudaOptions {
    if (maxBatch < 1) {
      throw new IllegalArgumentException("max-batch must be positive, got " + maxBatch);
    }
    if (cacheBytes < 0) {
      throw new IllegalArgumentException("cache-bytes must not be negative, got " + cacheBytes);
    }
    if (!(cacheShare > 0 && cacheShare <= 1)) {
      throw new IllegalArgumentException("cache-share must be in (0, 1], got " + cacheShare);
    }
  }
}
