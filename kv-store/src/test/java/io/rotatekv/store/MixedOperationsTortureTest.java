package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.proto.ServiceException;
import io.rotatekv.store.SetModel.State;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.MissReason;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Puts, gets, look-ups, deletes and evictions by eight threads against a model. Each thread alone
 * changes its own chains, so it knows what may be read of them: nothing that was never committed,
 * that it deleted, or that has once been found evicted. All threads read all chains, and check
 * every byte; a few chains are changed by everybody.
 */
class MixedOperationsTortureTest {

  private static final int THREADS = 8;
  private static final int OPERATIONS = Torture.rounds(200_000, 10_000_000);

  /** Holds about half of all sets, so that eviction never rests. */
  private static final StoreConfig CONFIG =
      StoreConfig.defaults().withPageBytes(4096).withCapacity(1200 * 4096).withLease(Duration.ZERO);

  @Test
  void noWrongByteAndNothingUncommittedIsEverRead() throws Exception {
    SetModel model = new SetModel(THREADS);
    try (ExecutorService background = Executors.newSingleThreadExecutor();
        BlockStore store = PagedBlockStore.open(CONFIG, InstantSource.system(), background)) {
      runAll(store, model);
      StoreStats stats = store.stats();
      assertTrue(stats.flow().evictedSets() > OPERATIONS / 100, stats::toString);
      assertTrue(stats.flow().hits() > OPERATIONS / 100, stats::toString);
      assertEquals(0, stats.misses().getOrDefault(MissReason.MISS_REASON_CORRUPT, 0L));
      assertEquals(0, stats.openPuts());
      assertEquals(0, stats.openGets());
      for (int chain = 0; chain < model.chains(); chain++) {
        store.delete(Chains.NAMESPACE, model.keys(chain));
      }
      // An eviction in the background frees its pages after it has taken the sets out.
      background.submit(() -> {}).get();
      assertEquals(0, store.stats().space().used(), "pages were lost");
    }
  }

  private static void runAll(BlockStore store, SetModel model) throws Exception {
    List<Future<Integer>> workers = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      for (int thread = 0; thread < THREADS; thread++) {
        Worker worker = new Worker(store, model, thread);
        workers.add(threads.submit(worker::run));
      }
      int refused = 0;
      for (Future<Integer> worker : workers) {
        refused += worker.get();
      }
      assertTrue(refused < OPERATIONS / 100, "too many puts were refused: " + refused);
    }
  }

  /** One thread's operations. */
  private static final class Worker {

    private final BlockStore store;
    private final SetModel model;
    private final int thread;
    private final SplittableRandom random;

    Worker(BlockStore store, SetModel model, int thread) {
      this.store = store;
      this.model = model;
      this.thread = thread;
      this.random = new SplittableRandom(thread);
    }

    /** Returns how many puts were refused. */
    int run() {
      int refused = 0;
      for (int i = 0; i < OPERATIONS / THREADS; i++) {
        try {
          operate();
        } catch (ServiceException e) {
          // A thread that was off the processor for long may find all sets used since it last
          // looked.
          assertEquals(ErrorReason.ERROR_REASON_STORE_FULL, e.reason(), e::toString);
          refused++;
        }
      }
      return refused;
    }

    private void operate() {
      int own = model.ownChain(thread, random);
      switch (random.nextInt(16)) {
        case 0, 1, 2 -> put(own, random.nextInt(4) > 0);
        case 3 -> delete(own);
        case 4, 5 -> lookup(own);
        case 6, 7, 8, 9 -> readOwn(own);
        case 10 -> changeShared();
        default -> readAny(random.nextInt(model.chains()));
      }
    }

    private void put(int chain, boolean commit) {
      int sets = 1 + random.nextInt(SetModel.SETS);
      PutSpec spec = model.spec("p" + thread, chain, sets);
      try (OpenPut put = store.beginPut(spec)) {
        for (int set = 0; set < sets; set++) {
          boolean present = put.present().get(set);
          assertTrue(!present || model.state(chain, set) == State.MAYBE, "present, yet never put");
        }
        model.fill(put, spec);
        if (!commit) {
          return;
        }
        model.change(chain, sets, State.MAYBE, put::commit);
      }
    }

    private void delete(int chain) {
      model.change(
          chain,
          SetModel.SETS,
          State.ABSENT,
          () -> store.delete(Chains.NAMESPACE, model.keys(chain)));
    }

    private void lookup(int chain) {
      PrefixMatch match = store.lookupPrefix(Chains.NAMESPACE, model.keys(chain));
      for (int set = 0; set < match.present(); set++) {
        assertEquals(State.MAYBE, model.state(chain, set), "found, yet gone for good");
      }
      if (match.present() < SetModel.SETS) {
        model.gone(chain, match.present());
      }
    }

    private void readOwn(int chain) {
      boolean[] found = model.read(store, chain);
      for (int set = 0; set < SetModel.SETS; set++) {
        if (found[set]) {
          assertEquals(State.MAYBE, model.state(chain, set), "read, yet gone for good");
        } else {
          model.gone(chain, set);
        }
      }
    }

    /** Reads what another thread may be changing: only what stayed absent throughout must miss. */
    private void readAny(int chain) {
      long[] before = model.versions(chain);
      boolean[] found = model.read(store, chain);
      for (int set = 0; set < SetModel.SETS; set++) {
        assertTrue(
            !found[set] || !model.wasAbsentSince(chain, set, before[set]),
            "read, yet not committed");
      }
    }

    private void changeShared() {
      int chain = model.sharedChain(random);
      if (random.nextInt(4) == 0) {
        store.delete(Chains.NAMESPACE, model.keys(chain));
        return;
      }
      PutSpec spec = model.spec("p" + thread, chain, SetModel.SETS);
      try (OpenPut put = store.beginPut(spec)) {
        model.fill(put, spec);
        put.commit();
      }
    }
  }
}
