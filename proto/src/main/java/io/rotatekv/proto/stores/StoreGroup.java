package io.rotatekv.proto.stores;

import com.google.protobuf.ByteString;
import io.rotatekv.proto.BlockSink;
import io.rotatekv.proto.ChainPut;
import io.rotatekv.proto.GetResult;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.PrefixLookup;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stores that a node uses, for blocking callers; all methods may be called from many threads.
 *
 * <p>A chain lives whole on the stores that rendezvous hashing gives its first block, so chains
 * with a common beginning share it there, and eviction sees their tree. A put goes to all of them
 * and succeeds where one commits. Reads ask the first of them, so that the copies of the others age
 * and go first, and fall over to the next where it fails, falls silent, or has lost blocks. A store
 * whose breaker is open is asked last.
 */
public final class StoreGroup implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(StoreGroup.class);

  /** A store that sends nothing for so long is left for its replica. */
  private static final Duration FALL_OVER_AFTER = Duration.ofSeconds(1);

  private final StoreMembers members;
  private final int replicas;

  StoreGroup(StoreMembers members, int replicas) {
    if (replicas < 1) {
      throw new IllegalArgumentException("replicas must be at least 1, got " + replicas);
    }
    this.members = members;
    this.replicas = replicas;
  }

  /**
   * A group with channels of its own. Does not wait for the stores; the first call finds out.
   *
   * @param replicas stores that hold each chain, as far as there are so many
   * @param options of each store; the target is the group's matter
   */
  public static StoreGroup connect(StoreTargets targets, int replicas, StoreClientOptions options) {
    return new StoreGroup(
        new StoreMembers(
            targets,
            target -> StoreClient.connect(options.withTarget(target)),
            InstantSource.system()),
        replicas);
  }

  /** How many blocks of a chain, from the first on, can be served: the most of any replica. */
  public PrefixLookup lookupPrefix(KeyChain chain) {
    if (chain.blocks() == 0) {
      return new PrefixLookup(0, MissReason.MISS_REASON_UNSPECIFIED);
    }
    List<ByteString> keys = chain.keys(0, chain.blocks());
    PrefixLookup best = null;
    ServiceException failure = null;
    for (StoreClient store : readable(chain)) {
      try {
        PrefixLookup found = store.lookupPrefix(chain.namespace(), keys);
        best = best == null || found.present() > best.present() ? found : best;
        if (found.present() == keys.size()) {
          break;
        }
      } catch (ServiceException e) {
        failure = fallOver("lookup", store, e);
      }
    }
    if (best == null) {
      throw lost(failure);
    }
    return best;
  }

  /**
   * Begins a put of blocks {@code from} to {@code to - 1} of a chain, each set of {@code layers}
   * blocks; waits for the stores to admit it.
   *
   * @throws ServiceException if no replica admits it
   */
  public ChainPut put(KeyChain chain, int from, int to, int layers) {
    List<StoreClient> stores = placed(chain);
    if (stores.size() == 1) {
      return stores.getFirst().put(chain.namespace(), layers, chain.sets(from, to));
    }
    return ReplicatedPut.begin(
        stores, store -> store.put(chain.namespace(), layers, chain.sets(from, to)));
  }

  /**
   * Fetches blocks {@code from} to {@code to - 1} of all {@code layers}, in layer order as long as
   * one store serves them; what it lacks follows from its replicas. Returns when all have been
   * handed to the sink or found missing on every replica that answers.
   *
   * @param timeout for the whole
   * @throws ServiceException if no replica answers; what the sink has got by then is valid
   */
  public GetResult get(
      KeyChain chain, int from, int to, int layers, Duration timeout, BlockSink sink) {
    List<StoreClient> stores = readable(chain);
    List<ByteString> keys = chain.keys(from, to);
    if (stores.size() == 1) {
      return stores.getFirst().get(chain.namespace(), keys, 0, layers, timeout, sink);
    }
    long deadline = System.nanoTime() + timeout.toNanos();
    ReplicaSink account = new ReplicaSink(keys.size(), layers, sink);
    ServiceException failure = null;
    for (StoreClient store : stores) {
      boolean last = store == stores.getLast();
      Duration rest = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
      try {
        List<ByteString> asked = account.begin(last).stream().map(keys::get).toList();
        int first = account.firstLayer();
        store.get(
            chain.namespace(), asked, first, layers - first, rest, silence(rest, last), account);
        account.answered();
      } catch (ServiceException e) {
        failure = fallOver("get", store, e);
      }
      if (account.isComplete()) {
        break;
      }
    }
    GetResult result = account.finish();
    if (result == null) {
      throw lost(failure);
    }
    return result;
  }

  /** Ends all calls and closes all channels. */
  @Override
  public void close() {
    members.close();
  }

  private static Duration silence(Duration rest, boolean last) {
    Duration half = rest.dividedBy(2);
    return last ? rest : half.compareTo(FALL_OVER_AFTER) < 0 ? half : FALL_OVER_AFTER;
  }

  private List<StoreClient> placed(KeyChain chain) {
    List<StoreClient> all = members.now();
    if (all.isEmpty()) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_UNAVAILABLE, "the name of the stores has no addresses");
    }
    return Rendezvous.rank(all, StoreClient::target, chain.keys(0, 1).getFirst()).stream()
        .limit(replicas)
        .toList();
  }

  private List<StoreClient> readable(KeyChain chain) {
    List<StoreClient> placed = placed(chain);
    return Stream.concat(
            placed.stream().filter(store -> !store.isCircuitOpen()),
            placed.stream().filter(StoreClient::isCircuitOpen))
        .toList();
  }

  private static ServiceException fallOver(String what, StoreClient store, ServiceException e) {
    if (e.reason() == ErrorReason.ERROR_REASON_CANCELLED) {
      throw e;
    }
    log.info("{} at {} failed: {}", what, store.target(), e.getMessage());
    return e;
  }

  private static ServiceException lost(@Nullable ServiceException failure) {
    return failure != null
        ? failure
        : new ServiceException(ErrorReason.ERROR_REASON_INTERNAL, "no store was asked");
  }
}
