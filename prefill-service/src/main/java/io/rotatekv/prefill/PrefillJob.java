package io.rotatekv.prefill;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.grpc.Context;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.proto.GetResult;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.PrefillResponse;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.Consumer;

/** One prompt: fetches what is cached, computes the rest in chunks, puts each chunk. */
final class PrefillJob {

  private static final Duration FETCH_TIMEOUT = Duration.ofSeconds(10);

  private final Compute compute;
  private final StoreGroup store;
  private final KeyChain chain;
  private final int[] tokens;
  private final int chunkTokens;
  private final Context call;
  private volatile BlockListener sink = BlockListener.NONE;

  /**
   * A job that has not begun.
   *
   * @param tokens whole blocks
   * @param call the request's context, whose cancellation ends the job between chunks
   */
  PrefillJob(
      Compute compute,
      StoreGroup store,
      KeyChain chain,
      int[] tokens,
      int chunkTokens,
      Context call) {
    this.compute = compute;
    this.store = store;
    this.chain = chain;
    this.tokens = tokens;
    this.chunkTokens = chunkTokens;
    this.call = call;
  }

  /**
   * Runs the job.
   *
   * @param cachedBlocks leading blocks that the store is believed to hold
   * @param progress told after every commit, and at the end
   */
  void run(int cachedBlocks, Consumer<PrefillResponse> progress) {
    int total = tokens.length / BLOCK_TOKENS;
    int cached = cachedBlocks;
    Sequence sequence = compute.open(this::forward);
    try {
      int fetched = cached == 0 ? 0 : fetch(sequence, cached);
      if (fetched < cached) {
        // Evicted since the caller looked: compute those blocks again.
        sequence.close();
        sequence = compute.open(this::forward);
        cached = 0;
      }
      compute(sequence, cached, total, progress);
      if (cached == total) {
        progress.accept(response(total, total));
      }
    } finally {
      sequence.close();
    }
  }

  private void forward(int block, int layer, MemorySegment bytes) {
    sink.onBlock(block, layer, bytes);
  }

  private int fetch(Sequence sequence, int blocks) {
    sequence.expect(blocks);
    GetResult result =
        store.get(
            chain,
            0,
            blocks,
            compute.engine().codec().shape().layers(),
            FETCH_TIMEOUT,
            (block, layer, bytes) -> sequence.load(block, layer, bytes));
    return result.completePrefix();
  }

  /** Computes each chunk while the one before it is still on its way. */
  private void compute(
      Sequence sequence, int cached, int total, Consumer<PrefillResponse> progress) {
    Deque<ChunkSending> sendings = new ArrayDeque<>(2);
    try {
      for (int done = cached; done < total; ) {
        int blocks = Math.min(chunkTokens / BLOCK_TOKENS, total - done);
        sendings.add(computeChunk(sequence, done, blocks));
        done += blocks;
        while (sendings.size() > (done < total ? 1 : 0)) {
          sendings.element().await();
          progress.accept(response(sendings.remove().end(), total));
        }
      }
    } catch (RuntimeException e) {
      sendings.forEach(ChunkSending::awaitQuietly);
      throw e;
    }
  }

  private ChunkSending computeChunk(Sequence sequence, int firstBlock, int blocks) {
    if (call.isCancelled()) {
      throw new ServiceException(ErrorReason.ERROR_REASON_CANCELLED, "the caller gave up");
    }
    int layers = compute.engine().codec().shape().layers();
    ChunkPut put = new ChunkPut(store, chain, layers, firstBlock, blocks);
    ChunkSending sending = ChunkSending.start(put, call, firstBlock + blocks);
    sink = put;
    try {
      int from = firstBlock * BLOCK_TOKENS;
      compute.run(sequence, Arrays.copyOfRange(tokens, from, from + blocks * BLOCK_TOKENS));
    } catch (RuntimeException e) {
      put.giveUp();
      sending.awaitQuietly();
      throw e;
    } finally {
      sink = BlockListener.NONE;
    }
    return sending;
  }

  private static PrefillResponse response(int committed, int total) {
    return PrefillResponse.newBuilder().setCommittedBlocks(committed).setTotalBlocks(total).build();
  }
}
