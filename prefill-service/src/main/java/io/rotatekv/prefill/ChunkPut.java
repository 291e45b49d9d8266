package io.rotatekv.prefill;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.proto.ChainPut;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.PutRetry;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.v1.ErrorReason;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Puts one chunk's block sets while they are computed: the engine's thread adds blocks, the thread
 * that calls this one sends them, so that a layer travels while the next is computed.
 */
final class ChunkPut implements BlockListener, Callable<Long> {

  private record Block(int set, int layer, MemorySegment bytes) {}

  private static final Block GIVE_UP = new Block(-1, -1, MemorySegment.NULL);

  private final StoreGroup store;
  private final KeyChain chain;
  private final int layers;
  private final int firstBlock;
  private final int blocks;
  // Bounded by the chunk: one entry per block and layer.
  private final BlockingQueue<Block> queue = new LinkedBlockingQueue<>();

  ChunkPut(StoreGroup store, KeyChain chain, int layers, int firstBlock, int blocks) {
    this.store = store;
    this.chain = chain;
    this.layers = layers;
    this.firstBlock = firstBlock;
    this.blocks = blocks;
  }

  @Override
  public void onBlock(int block, int layer, MemorySegment bytes) {
    queue.add(new Block(block - firstBlock, layer, bytes));
  }

  /** The chunk cannot be computed: ends {@link #call} without a commit. */
  void giveUp() {
    queue.add(GIVE_UP);
  }

  /**
   * Sends blocks until all have come, and commits; returns the blocks that travelled. Where a retry
   * may help, those that have been taken are sent again from the sequence, which holds them still.
   */
  @Override
  public Long call() {
    List<Block> taken = new ArrayList<>();
    return new PutRetry().run(() -> putOnce(taken));
  }

  private long putOnce(List<Block> taken) {
    try (ChainPut put = store.put(chain, firstBlock, firstBlock + blocks, layers)) {
      taken.forEach(block -> put.add(block.set(), block.layer(), block.bytes()));
      while (taken.size() < blocks * layers) {
        Block block = next(put);
        taken.add(block);
        if (block.equals(GIVE_UP)) {
          return 0;
        }
        put.add(block.set(), block.layer(), block.bytes());
      }
      return put.commit().blocksSent();
    }
  }

  private Block next(ChainPut put) {
    Block ready = queue.poll();
    if (ready != null) {
      return ready;
    }
    // Nothing to gather: send what there is while the next layer is computed.
    put.flush();
    try {
      return queue.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "interrupted", e);
    }
  }
}
