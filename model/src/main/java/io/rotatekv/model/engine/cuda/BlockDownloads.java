package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.block.Blocks;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.CudaEvent;
import io.rotatekv.kernels.cuda.CudaStream;
import io.rotatekv.kernels.cuda.PinnedBuffer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Brings blocks that were made on the device to their sequences' listeners: copied on a stream of
 * its own while the device computes on, told from the engine's thread. For that thread alone.
 */
final class BlockDownloads implements AutoCloseable {

  private static final class Slot implements AutoCloseable {
    final PinnedBuffer buffer;
    final CudaEvent arrived;

    Slot(CudaDevice device, int bytes) {
      buffer = device.allocatePinned(bytes);
      arrived = device.event();
    }

    @Override
    public void close() {
      buffer.close();
      arrived.close();
    }
  }

  private record Download(Slot slot, CudaSequence sequence, int block, int layer, int bytes) {}

  private final CacheMemory memory;
  private final CudaStream stream;
  private final CudaEvent made;
  private final Queue<Slot> free = new ArrayDeque<>();
  private final Queue<Download> pending = new ArrayDeque<>();

  /**
   * Room for blocks on their way.
   *
   * @param blocks how many before the engine must wait for the first
   */
  BlockDownloads(CudaDevice device, CacheMemory memory, int blocks, int maxBlockBytes) {
    this.memory = memory;
    stream = device.stream();
    made = device.event();
    for (int i = 0; i < blocks; i++) {
      free.add(new Slot(device, maxBlockBytes));
    }
  }

  /** Lets what is queued from now on wait for what {@code producer} holds now. */
  void after(CudaStream producer) {
    made.record(producer);
    stream.waitFor(made);
  }

  /** Queues a block at {@code at} of the cache. */
  void queue(CudaSequence sequence, int block, int layer, long at, int bytes) {
    if (free.isEmpty()) {
      deliverFirst();
    }
    Slot slot = free.remove();
    memory.download(slot.buffer.segment().asSlice(0, bytes), at, stream);
    slot.arrived.record(stream);
    pending.add(new Download(slot, sequence, block, layer, bytes));
  }

  /** Tells the listeners of all blocks queued so far but the last {@code keep}. */
  void deliver(int keep) {
    while (pending.size() > keep) {
      deliverFirst();
    }
  }

  private void deliverFirst() {
    Download first = pending.remove();
    first.slot.arrived.synchronize();
    MemorySegment bytes = first.sequence.hostBlock(first.bytes);
    bytes.copyFrom(first.slot.buffer.segment().asSlice(0, first.bytes));
    free.add(first.slot);
    Blocks.seal(bytes);
    first.sequence.tell(first.block, first.layer, bytes);
  }

  /** Forgets what is pending, once it is no longer on its way. */
  void discard() {
    stream.synchronize();
    pending.forEach(download -> free.add(download.slot));
    pending.clear();
  }

  @Override
  public void close() {
    discard();
    free.forEach(Slot::close);
    made.close();
    stream.close();
  }
}
