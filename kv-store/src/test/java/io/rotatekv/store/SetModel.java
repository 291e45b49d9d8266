package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.proto.BlockBatches;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What may be read of some chains of sets. A set that its owner has not put since it was last gone
 * is absent; any other may be there, or evicted. Each change makes a set's version odd while it
 * happens, so that a reader sees whether one came in between.
 */
final class SetModel {

  /** Sets of a chain. */
  static final int SETS = 4;

  static final int LAYERS = 2;

  private static final int OWN_CHAINS = 64;
  private static final int SHARED_CHAINS = 32;
  private static final int MAX_BLOCK_BYTES = 2500;

  /** What a set's owner knows of it. */
  enum State {
    ABSENT,
    MAYBE
  }

  private final int owned;
  private final int chains;
  private final byte[][][] blocks;

  /** By set: the version in the upper bits, the state in the lowest. */
  private final AtomicLongArray states;

  SetModel(int threads) {
    owned = threads * OWN_CHAINS;
    chains = owned + SHARED_CHAINS;
    states = new AtomicLongArray(chains * SETS);
    blocks = new byte[chains * SETS][LAYERS][];
    Random random = new Random(11);
    for (byte[][] set : blocks) {
      for (int layer = 0; layer < LAYERS; layer++) {
        set[layer] = new byte[1 + random.nextInt(MAX_BLOCK_BYTES)];
        random.nextBytes(set[layer]);
      }
    }
  }

  /** Those that threads own come first. */
  int chains() {
    return chains;
  }

  int ownChain(int thread, SplittableRandom random) {
    return thread * OWN_CHAINS + random.nextInt(OWN_CHAINS);
  }

  int sharedChain(SplittableRandom random) {
    return owned + random.nextInt(SHARED_CHAINS);
  }

  List<BlockKey> keys(int chain) {
    return Chains.keys(chain, SETS);
  }

  PutSpec spec(String producer, int chain, int sets) {
    return new PutSpec(producer, 1, Chains.NAMESPACE, LAYERS, Chains.sets(chain, 0, sets));
  }

  void fill(OpenPut put, PutSpec spec) {
    for (int layer = 0; layer < LAYERS; layer++) {
      for (int set = 0; set < spec.sets().size(); set++) {
        if (!put.present().get(set)) {
          int chain = Math.toIntExact(spec.sets().get(set).key().a());
          ByteBuffer block = ByteBuffer.wrap(blocks[chain * SETS + set][layer]);
          put.add(set, layer, block, BlockBatches.crc32c(block));
        }
      }
    }
  }

  /** Reads a chain and checks every byte; says of each set whether any of it was there. */
  boolean[] read(BlockStore store, int chain) {
    boolean[] found = new boolean[SETS];
    ByteBuffer into = ByteBuffer.allocate(MAX_BLOCK_BYTES);
    try (BlockCursor cursor = store.get(Chains.NAMESPACE, keys(chain), 0, LAYERS)) {
      for (BlockCursor.Item item = cursor.next(into);
          item != null;
          item = cursor.next(into.clear())) {
        if (item instanceof BlockCursor.Block block) {
          found[block.keyIndex()] = true;
          byte[] right = blocks[chain * SETS + block.keyIndex()][block.layer()];
          assertEquals(ByteBuffer.wrap(right), into.flip());
        }
      }
    }
    return found;
  }

  State state(int chain, int set) {
    return State.values()[(int) (states.get(chain * SETS + set) & 1)];
  }

  /** Runs a change of the first sets of a chain; afterwards they have this state. */
  void change(int chain, int sets, State state, Runnable change) {
    for (int set = 0; set < sets; set++) {
      states.addAndGet(chain * SETS + set, 2);
    }
    try {
      change.run();
    } finally {
      for (int set = 0; set < sets; set++) {
        states.updateAndGet(
            chain * SETS + set, now -> ((now + 2) & ~1L) | (state == State.MAYBE ? 1 : 0));
      }
    }
  }

  /** The owner has seen that a set is not there, so it stays away until it is put again. */
  void gone(int chain, int set) {
    states.updateAndGet(chain * SETS + set, now -> now & ~1L);
  }

  long[] versions(int chain) {
    long[] versions = new long[SETS];
    for (int set = 0; set < SETS; set++) {
      versions[set] = states.get(chain * SETS + set);
    }
    return versions;
  }

  /** Whether a set of an owner was absent at a version, and nothing has changed it since. */
  boolean wasAbsentSince(int chain, int set, long version) {
    boolean changing = (version & 2) != 0;
    boolean absent = (version & 1) == 0;
    return chain < owned && absent && !changing && states.get(chain * SETS + set) == version;
  }
}
