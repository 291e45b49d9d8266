package io.rotatekv.prefill;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.PutSession;
import io.rotatekv.proto.StoreClient;
import java.lang.foreign.MemorySegment;
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

  private final StoreClient store;
  private final KeyChain chain;
  private final int layers;
  private final int firstBlock;
  private final int blocks;
  // Bounded by the chunk: one entry per block and layer.
  private final BlockingQueue<Block> queue = new LinkedBlockingQueue<>();

  ChunkPut(StoreClient store, KeyChain chain, int layers, int firstBlock, int blocks) {
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

  /** Sends blocks until all have come, and commits; returns the blocks that travelled. */
  @Override
  public Long call() throws InterruptedException {
    try (PutSession session =
        store.put(chain.namespace(), layers, chain.sets(firstBlock, firstBlock + blocks))) {
      for (int expected = blocks * layers; expected > 0; expected--) {
        Block block = queue.poll();
        if (block == null) {
          // Nothing to gather: send what there is while the next layer is computed.
          session.flush();
          block = queue.take();
        }
        if (block.equals(GIVE_UP)) {
          return 0L;
        }
        session.add(block.set(), block.layer(), block.bytes());
      }
      return session.commit().blocksSent();
    }
  }
}
