package io.rotatekv.proto.stores;

import io.rotatekv.proto.BlockSink;
import io.rotatekv.proto.GetResult;
import io.rotatekv.v1.MissReason;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The account of one get over several replicas, asked one after the other: what has come, and so
 * what is still to be asked for. A block is handed on once, and a key is missing only when the last
 * replica has not got it either.
 */
final class ReplicaSink implements BlockSink {

  private final int layers;
  private final BlockSink sink;
  private final int[] delivered;
  private final Map<Integer, MissReason> missed = new HashMap<>();
  private final boolean[] told;
  private List<Integer> asked = List.of();
  private boolean last;
  private boolean answered;
  private int layer;
  private long blocks;
  private long bytes;

  ReplicaSink(int keys, int layers, BlockSink sink) {
    this.layers = layers;
    this.sink = sink;
    this.delivered = new int[keys];
    this.told = new boolean[keys];
  }

  /**
   * Begins with the next replica; returns the indices of the keys to ask it for.
   *
   * @param lastReplica whether a key that it misses is missing
   */
  List<Integer> begin(boolean lastReplica) {
    last = lastReplica;
    asked = IntStream.range(0, delivered.length).filter(key -> !isComplete(key)).boxed().toList();
    return asked;
  }

  /** The first layer that any of them lacks. */
  int firstLayer() {
    return asked.stream().mapToInt(key -> delivered[key]).min().orElse(0);
  }

  /** The replica's stream has ended well. */
  void answered() {
    answered = true;
  }

  boolean isComplete() {
    return IntStream.range(0, delivered.length).allMatch(this::isComplete);
  }

  /** The account after the last replica; null where none answered. */
  @Nullable GetResult finish() {
    if (!answered) {
      return null;
    }
    int prefix = 0;
    for (int key = 0; key < delivered.length; key++) {
      if (!isComplete(key)) {
        tell(key, missed.getOrDefault(key, MissReason.MISS_REASON_TIMEOUT));
      } else if (prefix == key) {
        prefix++;
      }
    }
    for (; layer < layers; layer++) {
      sink.layerDone(layer);
    }
    return new GetResult(prefix, missed, blocks, bytes);
  }

  @Override
  public void block(int keyIndex, int blockLayer, MemorySegment block) {
    int key = asked.get(keyIndex);
    if (delivered[key] != blockLayer) {
      return; // It came from the replica before, which failed later.
    }
    delivered[key]++;
    blocks++;
    bytes += block.byteSize();
    missed.remove(key);
    sink.block(key, blockLayer, block);
  }

  @Override
  public void layerDone(int streamLayer) {
    while (layer <= streamLayer && isDone(layer)) {
      sink.layerDone(layer++);
    }
  }

  @Override
  public void miss(int keyIndex, MissReason reason) {
    int key = asked.get(keyIndex);
    missed.put(key, reason);
    if (last) {
      tell(key, reason);
    }
  }

  private boolean isDone(int of) {
    return IntStream.range(0, delivered.length).allMatch(key -> told[key] || delivered[key] > of);
  }

  private boolean isComplete(int key) {
    return delivered[key] == layers;
  }

  private void tell(int key, MissReason reason) {
    if (!told[key]) {
      told[key] = true;
      missed.put(key, reason);
      sink.miss(key, reason);
    }
  }
}
