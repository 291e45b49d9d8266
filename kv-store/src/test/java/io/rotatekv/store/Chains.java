package io.rotatekv.store;

import io.rotatekv.proto.BlockBatches;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

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

  /** All items of a get over all layers. */
  static List<BlockCursor.Item> get(BlockStore store, List<BlockKey> keys) {
    List<BlockCursor.Item> items = new ArrayList<>();
    try (BlockCursor cursor = store.get(NAMESPACE, keys, 0, LAYERS)) {
      for (BlockCursor.Item item = cursor.next(); item != null; item = cursor.next()) {
        items.add(item);
      }
    }
    return items;
  }
}
