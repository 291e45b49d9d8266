package io.rotatekv.decode;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.CacheFullException;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Answers every step with the last token plus one, and keeps what it was asked. */
final class ScriptedEngine implements Engine {

  static final int BAD_TOKEN = 666;

  /** A token for which there is no room. */
  static final int LARGE_TOKEN = 667;

  private final List<List<Integer>> batches = new CopyOnWriteArrayList<>();

  /** Tokens per step of each batch that ran. */
  List<List<Integer>> batches() {
    return batches;
  }

  @Override
  public CodecContext codec() {
    return CodecContext.fp16(new KvShape(2, 1, 16));
  }

  @Override
  public Attend attend() {
    return Attend.BLOCK;
  }

  @Override
  public int maxContext() {
    return 200;
  }

  @Override
  public Sequence open(BlockListener listener) {
    return new CountedSequence();
  }

  @Override
  public int[] run(List<Step> batch) {
    batches.add(batch.stream().map(step -> step.tokens().length).toList());
    return batch.stream().mapToInt(ScriptedEngine::next).toArray();
  }

  private static int next(Step step) {
    int last = step.tokens()[step.tokens().length - 1];
    if (last == BAD_TOKEN) {
      throw new IllegalStateException("a bad token");
    }
    if (last == LARGE_TOKEN) {
      throw new CacheFullException(1, 2 << 20, 3 << 20);
    }
    ((CountedSequence) step.sequence()).length += step.tokens().length;
    return step.output() instanceof Output.Sample ? last + 1 : -1;
  }

  @Override
  public void close() {}

  /** Counts tokens, and is loaded when told so. */
  static final class CountedSequence implements Sequence {

    volatile int loadedLayers = Integer.MAX_VALUE;
    volatile boolean closed;
    private int length;

    @Override
    public int length() {
      return length;
    }

    @Override
    public void expect(int blocks) {
      length = 64 * blocks;
      loadedLayers = 0;
    }

    @Override
    public void load(int block, int layer, MemorySegment bytes) {}

    @Override
    public void abort(RuntimeException cause) {}

    @Override
    public boolean loaded(int layer) {
      return layer < loadedLayers;
    }

    @Override
    public void seal() {}

    @Override
    public long blockBytes() {
      return 0;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
