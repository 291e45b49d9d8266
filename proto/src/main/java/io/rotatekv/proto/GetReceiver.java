package io.rotatekv.proto;

import io.rotatekv.v1.BlockInfo;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.GetResponse;
import io.rotatekv.v1.Miss;
import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/** Checks what a get's stream brings, hands the good blocks on, and keeps the account. */
final class GetReceiver {

  private final MessageArrays arrays;
  private final BlockSink sink;
  private final int firstLayer;
  private final int layers;
  private final int[] delivered;
  private final Map<Integer, MissReason> misses = new HashMap<>();
  private int layer;
  private long blocks;
  private long bytes;

  GetReceiver(MessageArrays arrays, int keys, int firstLayer, int layers, BlockSink sink) {
    this.arrays = arrays;
    this.sink = sink;
    this.firstLayer = firstLayer;
    this.layers = layers;
    this.layer = firstLayer;
    this.delivered = new int[keys];
  }

  void accept(GetResponse response) {
    for (Miss miss : response.getMissesList()) {
      check(miss.getKeyIndex(), "miss");
      miss(miss.getKeyIndex(), miss.getReason());
    }
    if (response.hasBatch()) {
      BlockBatches.forEach(response.getBatch(), this::block);
      arrays.give(response.getBatch());
    }
  }

  /** The account, once the stream has ended well. */
  GetResult finish() {
    advance(firstLayer + layers);
    int prefix = 0;
    for (int key = 0; key < delivered.length; key++) {
      boolean complete = delivered[key] == layers;
      if (!complete && !misses.containsKey(key)) {
        throw broken("ended with neither all blocks nor a miss for key %d".formatted(key));
      }
      if (complete && prefix == key) {
        prefix++;
      }
    }
    return new GetResult(prefix, misses, blocks, bytes);
  }

  private void block(BlockInfo info, ByteBuffer block) {
    int key = info.getKeyIndex();
    check(key, "block");
    if (misses.containsKey(key)) {
      return;
    }
    if (info.getLayer() != firstLayer + delivered[key] || info.getLayer() < layer) {
      throw broken("sent layer %d of key %d out of order".formatted(info.getLayer(), key));
    }
    advance(info.getLayer());
    if (BlockBatches.crc32c(block) != info.getCrc32C()) {
      miss(key, MissReason.MISS_REASON_CORRUPT);
      return;
    }
    delivered[key]++;
    blocks++;
    bytes += block.remaining();
    sink.block(key, info.getLayer(), MemorySegment.ofBuffer(block).asReadOnly());
  }

  private void miss(int key, MissReason reason) {
    if (misses.putIfAbsent(key, reason) == null) {
      sink.miss(key, reason);
    }
  }

  private void advance(int next) {
    for (; layer < next; layer++) {
      sink.layerDone(layer);
    }
  }

  private void check(int key, String what) {
    if (key < 0 || key >= delivered.length) {
      throw broken("sent a %s for key %d of %d".formatted(what, key, delivered.length));
    }
  }

  private static ServiceException broken(String what) {
    return new ServiceException(
        ErrorReason.ERROR_REASON_INTERNAL, "the store's get stream " + what);
  }
}
