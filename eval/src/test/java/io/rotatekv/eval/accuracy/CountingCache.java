package io.rotatekv.eval.accuracy;

import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A cache over a model that gives the token after t, modulo 4, a multiple of the weight of each
 * other one.
 *
 * @param name the cache's name
 * @param weight that multiple
 */
record CountingCache(String name, double weight) implements PlayedCache {

  static final int VOCABULARY = 4;
  static final EvalTarget TARGET = new EvalTarget("counting", "00", VOCABULARY);

  @Override
  public Attend attend() {
    return Attend.BLOCK;
  }

  @Override
  public String identity() {
    return name + weight;
  }

  @Override
  public Engine open(EngineLimits limits, Team team) {
    return new CountingEngine(weight);
  }

  private record CountingEngine(double weight) implements Engine {

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
      return 1024;
    }

    @Override
    public Sequence open(BlockListener listener) {
      return new NoSequence();
    }

    @Override
    public int[] run(List<Step> batch) {
      if (Double.isNaN(weight)) {
        throw new IllegalStateException("the model broke");
      }
      Step step = batch.getFirst();
      if (step.output() instanceof Output.Logits(var consumer)) {
        for (int i = 0; i < step.tokens().length; i++) {
          float[] logits = new float[VOCABULARY + 1];
          logits[1 + (step.tokens()[i] + 1) % VOCABULARY] = (float) Math.log(weight);
          consumer.accept(i, logits, 1);
        }
      }
      return new int[] {-1};
    }

    @Override
    public void close() {}
  }

  /** A sequence that holds nothing. */
  private static final class NoSequence implements Sequence {

    @Override
    public int length() {
      return 0;
    }

    @Override
    public void expect(int blocks) {}

    @Override
    public void load(int block, int layer, MemorySegment bytes) {}

    @Override
    public void abort(RuntimeException cause) {}

    @Override
    public boolean loaded(int layer) {
      return true;
    }

    @Override
    public void seal() {}

    @Override
    public long blockBytes() {
      return 0;
    }

    @Override
    public void close() {}
  }
}
