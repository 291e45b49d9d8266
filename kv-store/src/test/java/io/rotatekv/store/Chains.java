package io.rotatekv.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.proto.BlockBatches;
import io.rotatekv.v1.MissReason;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Chains of keys, and blocks whose bytes follow from key and layer, so that any mix-up shows. */
final class Chains {

  static final BlockNamespace NAMESPACE = new BlockNamespace("aa", "bb", "");
  static final int LAYERS = 3;
  static final int BLOCK_BYTES = 3000;

  private Chains() {}

  static BlockKey key(int chain, int index) {
    return new BlockKey(chain, index, 7, 9);
  }

  static List<BlockKey> keys(int chain, int count) {
    return IntStream.range(0, count).mapToObj(index -> key(chain, index)).toList();
  }

  static List<SetSpec> sets(int chain, int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(index -> new SetSpec(key(chain, index), key(chain, index - 1), index, 64))
        .toList();
  }

  static PutSpec spec(List<SetSpec> sets) {
    return spec("producer", 1, sets);
  }

  static PutSpec spec(BlockNamespace namespace, List<SetSpec> sets) {
    return new PutSpec("producer", 1, namespace, LAYERS, sets);
  }

  static PutSpec spec(String producer, long generation, List<SetSpec> sets) {
    return new PutSpec(producer, generation, NAMESPACE, LAYERS, sets);
  }

  /** The only right bytes of a block; their length varies a little. */
  static ByteBuffer block(BlockKey key, int layer) {
    Random random = new Random(key.hashCode() * 31L + layer);
    byte[] bytes = new byte[BLOCK_BYTES + random.nextInt(64)];
    random.nextBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }

  /** Adds all blocks of a put in layer order. */
  static void fill(OpenPut put, PutSpec spec) {
    for (int layer = 0; layer < spec.layers(); layer++) {
      for (int set = 0; set < spec.sets().size(); set++) {
        if (!put.present().get(set)) {
          ByteBuffer block = block(spec.sets().get(set).key(), layer);
          put.add(set, layer, block, BlockBatches.crc32c(block));
        }
      }
    }
  }

  static PutOutcome store(BlockStore store, PutSpec spec) {
    try (OpenPut put = store.beginPut(spec)) {
      fill(put, spec);
      return put.commit();
    }
  }

  static void store(BlockStore store, int chain, int from, int to) {
    store(store, spec(sets(chain, from, to)));
  }

  /** A block, and the bytes that came with it. */
  record Read(BlockCursor.Item item, ByteBuffer bytes) {

    /** What is got of a block that is as it should be. */
    static Read of(List<BlockKey> keys, int keyIndex, int layer) {
      ByteBuffer bytes = block(keys.get(keyIndex), layer);
      return new Read(
          new BlockCursor.Block(keyIndex, layer, bytes.remaining(), BlockBatches.crc32c(bytes)),
          bytes);
    }

    static Read missed(int keyIndex, MissReason reason) {
      return new Read(new BlockCursor.Missed(keyIndex, reason), ByteBuffer.allocate(0));
    }

    boolean isBlock() {
      return item instanceof BlockCursor.Block;
    }
  }

  /** All that a get of all layers gives. */
  static List<Read> get(BlockStore store, List<BlockKey> keys) {
    return get(store, NAMESPACE, keys, 0, LAYERS);
  }

  static List<Read> get(
      BlockStore store, BlockNamespace namespace, List<BlockKey> keys, int firstLayer, int layers) {
    List<Read> reads = new ArrayList<>();
    try (BlockCursor cursor = store.get(namespace, keys, firstLayer, layers)) {
      for (Read read = next(cursor); read != null; read = next(cursor)) {
        reads.add(read);
      }
    }
    return reads;
  }

  /** One step, with room for any block of the tests. */
  static @Nullable Read next(BlockCursor cursor) {
    ByteBuffer into = ByteBuffer.allocate(1 << 15);
    BlockCursor.Item item = cursor.next(into);
    return item == null ? null : new Read(item, into.flip());
  }

  /** Asserts that blocks that came are those of their keys and layers, and counts them. */
  static int assertRight(List<BlockKey> keys, List<Read> reads) {
    int blocks = 0;
    for (Read read : reads) {
      if (read.item() instanceof BlockCursor.Block block) {
        assertEquals(Read.of(keys, block.keyIndex(), block.layer()), read);
        blocks++;
      }
    }
    return blocks;
  }
}
