package io.rotatekv.prefill;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntConsumer;

/** Computes nothing: gives a block of some bytes for every 64 tokens, in one layer. */
final class BlockEngine implements Engine {

  private final IntConsumer afterStep;
  private int steps;
  private int closed;

  /** An engine that tells of each step that it has ended, by its number from 0 on. */
  BlockEngine(IntConsumer afterStep) {
    this.afterStep = afterStep;
  }

  int closedSequences() {
    return closed;
  }

  private final class BlockSequence implements Sequence {

    private final BlockListener listener;
    private int length;

    BlockSequence(BlockListener listener) {
      this.listener = listener;
    }

    void append(int tokens) {
      for (int end = length + tokens; length < end; length += BLOCK_TOKENS) {
        listener.onBlock(length / BLOCK_TOKENS, 0, MemorySegment.ofArray(new byte[BLOCK_TOKENS]));
      }
    }

    @Override
    public int length() {
      return length;
    }

    @Override
    public void expect(int blocks) {
      throw new UnsupportedOperationException("nothing is stored");
    }

    @Override
    public void load(int block, int layer, MemorySegment bytes) {
      throw new UnsupportedOperationException("nothing is stored");
    }

    @Override
    public void abort(RuntimeException cause) {
      throw new UnsupportedOperationException("nothing waits");
    }

    @Override
    public boolean loaded(int layer) {
      return true;
    }

    @Override
    public void seal() {}

    @Override
    public long blockBytes() {
      return length;
    }

    @Override
    public void close() {
      closed++;
    }
  }

  @Override
  public CodecContext codec() {
    return CodecContext.fp16(new KvShape(1, 1, BLOCK_TOKENS));
  }

  @Override
  public Attend attend() {
    return Attend.BLOCK;
  }

  @Override
  public int maxContext() {
    return Integer.MAX_VALUE;
  }

  @Override
  public Sequence open(BlockListener listener) {
    return new BlockSequence(listener);
  }

  @Override
  public int[] run(List<Step> batch) {
    for (Step step : batch) {
      ((BlockSequence) step.sequence()).append(step.tokens().length);
    }
    afterStep.accept(steps++);
    return new int[batch.size()];
  }

  @Override
  public void close() {}
}
