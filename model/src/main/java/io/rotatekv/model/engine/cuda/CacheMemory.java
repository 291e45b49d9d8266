package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaException;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.model.engine.CacheFullException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * The device memory of the KV cache: stored blocks as they came and unfilled blocks, one bound for
 * all. It is taken from the device slab by slab as it is needed, so that several processes can
 * share a card. Safe for many threads.
 */
final class CacheMemory implements AutoCloseable {

  /** Large enough that a region seldom fails to fit, small enough to be a step. */
  private static final long SLAB_BYTES = 256L << 20;

  private static final String OUT_OF_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY";

  private final CudaDevice device;
  private final long slabBytes;
  private final long limit;
  private final Regions regions;
  private final List<DeviceBuffer> slabs = new ArrayList<>();

  /**
   * Nothing yet.
   *
   * @param limit the most bytes
   */
  CacheMemory(CudaDevice device, long limit) {
    this.device = device;
    this.limit = limit;
    long whole = Math.max(limit / Regions.ALIGNMENT, 1) * Regions.ALIGNMENT;
    slabBytes = Math.min(SLAB_BYTES, whole);
    regions = new Regions(slabBytes);
  }

  /**
   * Takes memory, with undefined content.
   *
   * @return its place
   * @throws CacheFullException if there is no room
   */
  synchronized long take(long bytes) {
    OptionalLong place = regions.take(bytes);
    if (place.isEmpty() && grow()) {
      place = regions.take(bytes);
    }
    return place.orElseThrow(() -> new CacheFullException(bytes, regions.used(), limit));
  }

  private boolean grow() {
    if ((slabs.size() + 1) * slabBytes > limit) {
      return false;
    }
    device.makeCurrent();
    try {
      slabs.add(device.allocate(slabBytes));
    } catch (CudaException e) {
      if (e.codeName().equals(OUT_OF_MEMORY)) {
        return false; // Another process has it.
      }
      throw e;
    }
    regions.addSlab();
    return true;
  }

  /** Gives memory back, which no work on the device may use any more. */
  synchronized void free(long place) {
    regions.free(place);
  }

  /** The device address of a place. */
  long address(long place) {
    return slab(place).address() + place % slabBytes;
  }

  /** Queues a copy from the host. */
  void upload(MemorySegment from, long place, CudaStream stream) {
    slab(place).upload(from, place % slabBytes, stream);
  }

  /** Queues a copy to the host. */
  void download(MemorySegment to, long place, CudaStream stream) {
    slab(place).download(to, place % slabBytes, stream);
  }

  /** Queues a copy into the cache. */
  void copyIn(DeviceBuffer from, long fromAt, long bytes, long place, CudaStream stream) {
    slab(place).copy(from, fromAt, bytes, place % slabBytes, stream);
  }

  /** Queues a copy within the cache. */
  void copy(long from, long bytes, long place, CudaStream stream) {
    copyIn(slab(from), from % slabBytes, bytes, place, stream);
  }

  /** Queues a copy out of the cache. */
  void copyOut(long place, long bytes, DeviceBuffer to, long toAt, CudaStream stream) {
    to.copy(slab(place), place % slabBytes, bytes, toAt, stream);
  }

  private synchronized DeviceBuffer slab(long place) {
    return slabs.get((int) (place / slabBytes));
  }

  /** Bytes taken. */
  synchronized long used() {
    return regions.used();
  }

  /** The most bytes that can be taken. */
  long limit() {
    return limit;
  }

  @Override
  public void close() {
    slabs.forEach(DeviceBuffer::close);
  }
}
