package io.rotatekv.eval.accuracy;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * A cache over a model that a test plays. Its blocks hold their tokens, so a sequence that is given
 * wrong ones reads another text.
 *
 * @param attend which tokens are read in full precision
 * @param model logits of the next token after a text, given as one character for each token
 * @param computed counts the tokens that were computed, not loaded
 */
record ScriptedCache(Attend attend, Function<String, float[]> model, AtomicInteger computed)
    implements PlayedCache {

  private static final int LAYERS = 2;

  /** A cache as it is served. */
  static ScriptedCache of(Function<String, float[]> model) {
    return new ScriptedCache(Attend.BLOCK, model, new AtomicInteger());
  }

  /** Logits under which one token has {@code weight} times the probability of each other. */
  static float[] likely(int token, double weight) {
    float[] logits = new float[ByteTokens.VOCABULARY];
    logits[token] = (float) Math.log(weight);
    return logits;
  }

  @Override
  public String name() {
    return "scripted";
  }

  @Override
  public String identity() {
    return "scripted";
  }

  @Override
  public Engine open(EngineLimits limits, Team team) {
    return new ScriptedEngine(this, limits.maxContext());
  }

  private record ScriptedEngine(ScriptedCache cache, int maxContext) implements Engine {

    @Override
    public CodecContext codec() {
      return CodecContext.fp16(new KvShape(LAYERS, 1, 16));
    }

    @Override
    public Attend attend() {
      return cache.attend;
    }

    @Override
    public Sequence open(BlockListener listener) {
      return new ScriptedSequence(listener);
    }

    @Override
    public int[] run(List<Step> batch) {
      return batch.stream().mapToInt(this::run).toArray();
    }

    private int run(Step step) {
      ScriptedSequence sequence = (ScriptedSequence) step.sequence();
      float[] logits = new float[0];
      for (int i = 0; i < step.tokens().length; i++) {
        sequence.append(step.tokens()[i]);
        cache.computed.incrementAndGet();
        if (step.output() instanceof Output.Logits(var consumer)) {
          consumer.accept(i, cache.model.apply(sequence.text()), 0);
        } else if (step.output() instanceof Output.Sample && i == step.tokens().length - 1) {
          logits = cache.model.apply(sequence.text());
        }
      }
      int best = -1;
      for (int token = 0; token < logits.length; token++) {
        best = best < 0 || logits[token] > logits[best] ? token : best;
      }
      return best;
    }

    @Override
    public void close() {}
  }

  private static final class ScriptedSequence implements Sequence {

    private final BlockListener listener;
    private final List<Integer> tokens = new ArrayList<>();
    private int missing;

    ScriptedSequence(BlockListener listener) {
      this.listener = listener;
    }

    void append(int token) {
      if (missing > 0) {
        throw new IllegalStateException(missing + " blocks have not been loaded");
      }
      tokens.add(token);
      if (tokens.size() % BLOCK_TOKENS == 0) {
        for (int layer = 0; layer < LAYERS; layer++) {
          listener.onBlock(tokens.size() / BLOCK_TOKENS - 1, layer, block(layer));
        }
      }
    }

    private MemorySegment block(int layer) {
      MemorySegment block = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, BLOCK_TOKENS + 1L);
      block.setAtIndex(ValueLayout.JAVA_INT, BLOCK_TOKENS, layer);
      for (int i = 0; i < BLOCK_TOKENS; i++) {
        block.setAtIndex(ValueLayout.JAVA_INT, i, tokens.get(tokens.size() - BLOCK_TOKENS + i));
      }
      return block;
    }

    String text() {
      StringBuilder text = new StringBuilder();
      tokens.forEach(token -> text.append((char) token.intValue()));
      return text.toString();
    }

    @Override
    public int length() {
      return tokens.size();
    }

    @Override
    public void expect(int blocks) {
      tokens.addAll(Collections.nCopies(blocks * BLOCK_TOKENS, 0));
      missing = blocks * LAYERS;
    }

    @Override
    public void load(int block, int layer, MemorySegment bytes) {
      if (bytes.getAtIndex(ValueLayout.JAVA_INT, BLOCK_TOKENS) != layer) {
        throw new IllegalArgumentException("a block of another layer than " + layer);
      }
      for (int i = 0; i < BLOCK_TOKENS; i++) {
        tokens.set(block * BLOCK_TOKENS + i, bytes.getAtIndex(ValueLayout.JAVA_INT, i));
      }
      missing--;
    }

    @Override
    public void abort(RuntimeException cause) {}

    @Override
    public boolean loaded(int layer) {
      return missing == 0;
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
