package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.rotatekv.proto.BlockSink;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.PutSession;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.proto.StoreClient;
import io.rotatekv.proto.StoreClientOptions;
import io.rotatekv.v1.BlockSetInfo;
import io.rotatekv.v1.Namespace;
import io.rotatekv.v1.StatsResponse;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a store's process under load, over and over, and looks at what the next one serves. In
 * every other round the store has room for all that is put, so that each committed set must be
 * there; in the others it evicts, and what is there must be right.
 */
class KillTortureTest {

  private static final int ROUNDS = Torture.rounds(8, 100);
  private static final int WRITERS = 2;
  private static final int SETS = 8;

  /** Chains before the kill: far less than fits, and more than fits. */
  private static final int FEW = 20;

  private static final int MANY = 700;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final Namespace NAMESPACE =
      KeyChain.namespace(
          Chains.NAMESPACE.model(), Chains.NAMESPACE.codec(), Chains.NAMESPACE.tenant());

  @TempDir Path folder = Path.of("");
  private final SplittableRandom random = new SplittableRandom(17);
  private final AtomicInteger nextChain = new AtomicInteger(1);
  private List<Integer> committed = List.of();
  private List<Integer> begun = List.of();
  private long recoveredBytes;
  private long recoveryMs;

  @Test
  void afterEveryKillWhatWasCommittedIsServedRightOrEvicted() throws Exception {
    int served = 0;
    boolean roomForAll = true;
    for (int round = 0; round <= ROUNDS; round++) {
      try (StoreChild child = StoreChild.start(folder.resolve("store.map"));
          StoreClient client = client(child, "reader")) {
        served += check(client, roomForAll);
        note(client.stats(), round);
        roomForAll = round % 2 == 0;
        if (roomForAll) {
          clear(client);
        }
        if (round < ROUNDS) {
          loadAndKill(child, roomForAll ? FEW + random.nextInt(4 * FEW) : MANY);
        }
      }
    }
    assertTrue(served > 0, "no set was ever served");
    System.out.printf(
        "kills: %d rounds, %d sets served right, 0 wrong bytes, recovery %.2f s per GiB%n",
        ROUNDS, served, recoveryMs * 1e-3 / (recoveredBytes / (double) (1 << 30)));
  }

  private static StoreClient client(StoreChild child, String name) {
    return StoreClient.connect(
        StoreClientOptions.of(child.address(), name, 1).withCallTimeout(TIMEOUT));
  }

  /** Every set is whole and right or not there; where none was evicted, the committed are there. */
  private int check(StoreClient client, boolean roomForAll) {
    int served = 0;
    for (int chain : begun) {
      int whole = wholeSets(client, chain);
      served += whole;
      boolean must = roomForAll && committed.contains(chain);
      assertTrue(!must || whole == SETS, () -> "chain %d lost committed sets".formatted(chain));
    }
    return served;
  }

  private static int wholeSets(StoreClient client, int chain) {
    List<ByteString> keys = Chains.keys(chain, SETS).stream().map(ListPages::key).toList();
    int[] layers = new int[SETS];
    BlockSink sink =
        (keyIndex, layer, bytes) -> {
          MemorySegment right =
              MemorySegment.ofBuffer(Chains.block(Chains.key(chain, keyIndex), layer));
          assertEquals(-1, right.mismatch(bytes), "wrong bytes");
          layers[keyIndex]++;
        };
    client.get(NAMESPACE, keys, 0, Chains.LAYERS, TIMEOUT, sink);
    int whole = 0;
    for (int count : layers) {
      assertTrue(count == 0 || count == Chains.LAYERS, "a part of a set was served");
      whole += count == 0 ? 0 : 1;
    }
    return whole;
  }

  private void note(StatsResponse stats, int round) {
    if (round > 0) {
      recoveredBytes += stats.getFileBytes();
      recoveryMs += stats.getRecoveryMs();
    }
  }

  private void clear(StoreClient client) {
    for (int chain : begun) {
      client.delete(NAMESPACE, Chains.keys(chain, SETS).stream().map(ListPages::key).toList());
    }
    committed = List.of();
    begun = List.of();
  }

  private void loadAndKill(StoreChild child, int chains) throws Exception {
    Queue<Integer> starts = new ConcurrentLinkedQueue<>(begun);
    Queue<Integer> ends = new ConcurrentLinkedQueue<>(committed);
    CountDownLatch enough = new CountDownLatch(chains);
    try (ExecutorService writers = Executors.newFixedThreadPool(WRITERS)) {
      for (int writer = 0; writer < WRITERS; writer++) {
        String name = "writer-" + writer;
        writers.execute(() -> {
          try (StoreClient client = client(child, name)) {
            write(client, starts, ends, enough);
          }
        });
      }
      enough.await();
      child.kill();
    }
    begun = new ArrayList<>(starts);
    committed = new ArrayList<>(ends);
  }

  /** Puts chains until the store is gone. */
  private void write(
      StoreClient client, Queue<Integer> starts, Queue<Integer> ends, CountDownLatch enough) {
    try {
      while (true) {
        int chain = nextChain.getAndIncrement();
        starts.add(chain);
        try (PutSession put = client.put(NAMESPACE, Chains.LAYERS, infos(chain))) {
          for (int layer = 0; layer < Chains.LAYERS; layer++) {
            for (int set = 0; set < SETS; set++) {
              put.add(set, layer, Chains.block(Chains.key(chain, set), layer));
            }
          }
          put.commit();
        }
        ends.add(chain);
        enough.countDown();
      }
    } catch (ServiceException e) {
      while (enough.getCount() > 0) {
        enough.countDown(); // A writer that ends early must not keep the test waiting.
      }
    }
  }

  private static List<BlockSetInfo> infos(int chain) {
    return Chains.sets(chain, 0, SETS).stream()
        .map(set ->
            BlockSetInfo.newBuilder()
                .setKey(ListPages.key(set.key()))
                .setParentKey(ListPages.key(set.parent()))
                .setChainIndex(set.chainIndex())
                .setTokenCount(set.tokens())
                .build())
        .toList();
  }
}
