package io.rotatekv.decode;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.proto.ChainPut;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.PutResult;
import io.rotatekv.proto.PutRetry;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.stores.StoreGroup;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the blocks that one request fills on this node into the store, so that the next turn of a
 * chat finds them. Block sets are put one after the other, beside the generation; a store that
 * refuses or fails costs the cache entry, not the answer.
 *
 * <p>All but {@link #await} is called on the batch loop's thread.
 */
final class WriteBack implements BlockListener {

  private static final Logger log = LoggerFactory.getLogger(WriteBack.class);

  private final StoreGroup store;
  private final Function<int[], KeyChain> chains;
  private final Executor executor;
  private final int layers;
  private final Map<Integer, List<byte[]>> filling = new HashMap<>();
  private int[] tokens;
  private int length;
  private final PutRetry retry = new PutRetry();
  private final AtomicLong sent = new AtomicLong();
  private volatile CompletableFuture<@Nullable Void> last = CompletableFuture.completedFuture(null);

  /**
   * The write-back of a request.
   *
   * @param chains gives the chain of keys of a sequence of tokens
   * @param executor runs the puts
   * @param layers blocks per set
   */
  WriteBack(
      StoreGroup store,
      Function<int[], KeyChain> chains,
      Executor executor,
      int layers,
      int[] prompt) {
    this.store = store;
    this.chains = chains;
    this.executor = executor;
    this.layers = layers;
    this.tokens = prompt.clone();
    this.length = prompt.length;
  }

  /** Tells of a generated token, before its keys and values are computed. */
  void append(int token) {
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(BLOCK_TOKENS, 2 * length));
    }
    tokens[length++] = token;
  }

  @Override
  public void onBlock(int block, int layer, MemorySegment bytes) {
    if (layer == 0) {
      // Also where an attempt that failed half-way left some layers.
      filling.put(block, new ArrayList<>());
    }
    List<byte[]> set = Objects.requireNonNull(filling.get(block));
    set.add(bytes.toArray(ValueLayout.JAVA_BYTE));
    if (set.size() == layers) {
      filling.remove(block);
      KeyChain chain = chains.apply(Arrays.copyOf(tokens, (block + 1) * BLOCK_TOKENS));
      last = last.thenRunAsync(() -> put(chain, block, set), executor);
    }
  }

  private void put(KeyChain chain, int block, List<byte[]> set) {
    try {
      sent.addAndGet(retry.run(() -> putOnce(chain, block, set)).blocksSent());
    } catch (ServiceException e) {
      log.warn("block {} was not written back: {}", block, e.toString());
    }
  }

  private PutResult putOnce(KeyChain chain, int block, List<byte[]> set) {
    try (ChainPut put = store.put(chain, block, block + 1, layers)) {
      for (int layer = 0; layer < layers; layer++) {
        put.add(0, layer, MemorySegment.ofArray(set.get(layer)));
      }
      return put.commit();
    }
  }

  /**
   * Waits for the puts that have begun, at most {@code timeout}, for the figures only.
   *
   * @return blocks that travelled, one layer each
   */
  long await(Duration timeout) {
    last.copy().completeOnTimeout(null, timeout.toMillis(), TimeUnit.MILLISECONDS).join();
    return sent.get();
  }
}
