package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaEvent;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Copies stored blocks into the cache on a stream of its own, through a ring of pinned buffers, so
 * that they travel while the engine computes. Safe for many threads.
 */
final class BlockUploads implements AutoCloseable {

  /** Enough that the next blocks are written here while the last ones are on their way. */
  private static final int SLOTS = 16;

  private record Slot(PinnedBuffer buffer, CudaEvent free) implements AutoCloseable {
    @Override
    public void close() {
      buffer.close();
      free.close();
    }
  }

  private final CudaDevice device;
  private final CacheMemory memory;
  private final CudaStream stream;
  private final List<Slot> slots;
  private int next;

  BlockUploads(CudaDevice device, CacheMemory memory, int maxBlockBytes) {
    this.device = device;
    this.memory = memory;
    stream = device.stream();
    slots =
        IntStream.range(0, SLOTS)
            .mapToObj(slot -> new Slot(device.allocatePinned(maxBlockBytes), device.event()))
            .toList();
  }

  /** Queues a copy of {@code block} to {@code at}; the block has been read when this returns. */
  synchronized void copy(MemorySegment block, long at) {
    device.makeCurrent();
    Slot slot = slots.get(next);
    next = (next + 1) % SLOTS;
    slot.free.synchronize();
    MemorySegment pinned = slot.buffer.segment().asSlice(0, block.byteSize());
    pinned.copyFrom(block);
    memory.upload(pinned, at, stream);
    slot.free.record(stream);
  }

  /** An event that happens once everything queued so far is on the device; the caller's. */
  synchronized CudaEvent mark() {
    device.makeCurrent();
    CudaEvent event = device.event();
    event.record(stream);
    return event;
  }

  /** Waits until everything queued so far is on the device. */
  void drain() {
    device.makeCurrent();
    stream.synchronize();
  }

  @Override
  public void close() {
    stream.close();
    slots.forEach(Slot::close);
  }
}
