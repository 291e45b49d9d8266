package io.rotatekv.model.engine.cuda;

import io.rotatekv.kernels.cuda.MoveTailKernel;

/** Makes room for one more token in unfilled blocks. */
final class TailGrowth implements AutoCloseable {

  private final DeviceModel model;
  private final CacheMemory memory;
  private final MoveTailKernel kernel;

  TailGrowth(DeviceModel model, CacheMemory memory) {
    this.model = model;
    this.memory = memory;
    kernel = new MoveTailKernel(model.device);
  }

  /**
   * Queues what it takes that the next token has room.
   *
   * @return the unfilled block
   */
  Tail grow(CudaSequence sequence) {
    int tokens = sequence.tailTokens();
    Tail old = sequence.growTail(tokens + 1);
    Tail tail = sequence.requireTail();
    if (old != null) {
      kernel.move(
          memory.address(old.place()),
          old.layout().capacity(),
          memory.address(tail.place()),
          tail.layout().capacity(),
          model.config.layers(),
          tokens,
          tail.layout().rowBytes(),
          model.stream);
      memory.copy(old.maxima(), old.layout().maximaBytes(), tail.maxima(), model.stream);
    }
    return tail;
  }

  @Override
  public void close() {
    kernel.close();
  }
}
