package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.kernels.ops.RopeTable;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.ModelWeights;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampler;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The engine on the CPU. Steps of many tokens run one after the other, in chunks; steps of one
 * token run together in groups small enough that {@link MatMul} takes the same path as for one
 * alone, so that no request's answer depends on its neighbours.
 */
public final class CpuEngine implements Engine {

  /** Rows of logits computed at a time, to bound their memory. */
  private static final int LOGIT_ROWS = 64;

  private final ModelConfig config;
  private final CodecContext codec;
  private final Attend attend;
  private final EngineLimits limits;
  private final LayerAttention attention;
  private final Transformer transformer;
  private final Workspace workspace;
  private final float[] logits;
  private final Arena arena = Arena.ofShared();

  /**
   * An engine over the weights of an open model, which must outlive it.
   *
   * @param team the threads to compute on; not closed with the engine
   */
  public CpuEngine(
      ModelConfig config,
      ModelWeights weights,
      Kernels kernels,
      Team team,
      CodecContext codec,
      Attend attend,
      EngineLimits limits,
      LayerObserver observer) {
    this.config = config;
    this.codec = codec;
    this.attend = attend;
    this.limits = limits;
    this.attention =
        new CachedAttention(kernels, team, config, codec, attend, rope(config, limits), arena);
    this.transformer = new Transformer(config, weights, kernels, attention, observer);
    this.workspace = new Workspace(config, limits.chunkTokens());
    this.logits = new float[LOGIT_ROWS * config.vocabulary()];
  }

  /**
   * An engine that attends over what a method under evaluation stores. Its sequences have no
   * blocks; a method sees a prompt as a whole only if the prompt fits in a chunk.
   *
   * @param team the threads to compute on; not closed with the engine
   */
  public CpuEngine(
      ModelConfig config,
      ModelWeights weights,
      Kernels kernels,
      Team team,
      CacheMethod method,
      Attend attend,
      EngineLimits limits) {
    KvShape shape = new KvShape(config.layers(), config.kvHeads(), config.headDim());
    this.config = config;
    this.codec = CodecContext.fp16(shape);
    this.attend = attend;
    this.limits = limits;
    this.attention =
        new WindowAttention(kernels, team, config, method, attend, rope(config, limits));
    this.transformer = new Transformer(config, weights, kernels, attention, LayerObserver.NONE);
    this.workspace = new Workspace(config, limits.chunkTokens());
    this.logits = new float[LOGIT_ROWS * config.vocabulary()];
  }

  private static RopeTable rope(ModelConfig config, EngineLimits limits) {
    return new RopeTable(config.rope().inverseFrequencies(), limits.maxContext());
  }

  @Override
  public CodecContext codec() {
    return codec;
  }

  @Override
  public Attend attend() {
    return attend;
  }

  @Override
  public int maxContext() {
    return limits.maxContext();
  }

  @Override
  public List<EncodeStats> encodeStats() {
    return attention.encodeStats();
  }

  @Override
  public Sequence open(BlockListener listener) {
    return attention.open(listener);
  }

  @Override
  public int[] run(List<Step> batch) {
    batch.forEach(step -> limits.require(step, config.vocabulary()));
    int[] sampled = new int[batch.size()];
    Arrays.fill(sampled, -1);
    List<Integer> singles = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      if (batch.get(i).tokens().length == 1) {
        singles.add(i);
      } else {
        sampled[i] = runChunks(batch.get(i));
      }
    }
    for (int from = 0; from < singles.size(); from += MatMul.BATCH_ROWS - 1) {
      int to = Math.min(singles.size(), from + MatMul.BATCH_ROWS - 1);
      runSingles(batch, singles.subList(from, to), sampled);
    }
    return sampled;
  }

  private int runChunks(Step step) {
    EngineSequence sequence = (EngineSequence) step.sequence();
    int[] tokens = step.tokens();
    int done = 0;
    int sampled = -1;
    while (done < tokens.length) {
      // Chunks end at block boundaries, so that all but the last are whole blocks.
      int room = limits.chunkTokens() - sequence.length() % BLOCK_TOKENS;
      int count = Math.min(tokens.length - done, room);
      int[] chunk = Arrays.copyOfRange(tokens, done, done + count);
      transformer.forward(chunk, List.of(new Transformer.Rows(sequence, 0, count)), workspace);
      sampled = output(step, done, count, done + count == tokens.length);
      done += count;
    }
    return sampled;
  }

  private void runSingles(List<Step> batch, List<Integer> indices, int[] sampled) {
    int n = indices.size();
    int[] tokens = new int[n];
    List<Transformer.Rows> rows = new ArrayList<>();
    for (int row = 0; row < n; row++) {
      Step step = batch.get(indices.get(row));
      tokens[row] = step.tokens()[0];
      rows.add(new Transformer.Rows((EngineSequence) step.sequence(), row, 1));
    }
    transformer.forward(tokens, rows, workspace);
    transformer.logits(workspace.normed, n, logits);
    for (int row = 0; row < n; row++) {
      int index = indices.get(row);
      sampled[index] = emit(batch.get(index), 0, row);
    }
  }

  /** Computes the logits of a chunk that its output asks for; returns the sampled token or -1. */
  private int output(Step step, int done, int count, boolean last) {
    return switch (step.output()) {
      case Output.None() -> -1;
      case Output.Sample(var sampling) when last -> {
        moveRow(count - 1);
        transformer.logits(workspace.normed, 1, logits);
        yield emit(step, done + count - 1, 0);
      }
      case Output.Sample(var sampling) -> -1;
      case Output.Logits(var consumer) -> {
        emitAll(step, done, count);
        yield -1;
      }
    };
  }

  private void emitAll(Step step, int done, int count) {
    float[] normed = workspace.normed;
    for (int from = 0; from < count; from += LOGIT_ROWS) {
      int rows = Math.min(LOGIT_ROWS, count - from);
      float[] part =
          Arrays.copyOfRange(normed, from * config.hidden(), (from + rows) * config.hidden());
      transformer.logits(part, rows, logits);
      for (int row = 0; row < rows; row++) {
        emit(step, done + from + row, row);
      }
    }
  }

  private int emit(Step step, int index, int row) {
    int offset = row * config.vocabulary();
    return switch (step.output()) {
      case Output.None() -> -1;
      case Output.Sample(var sampling) ->
          Sampler.sample(logits, offset, config.vocabulary(), sampling, step.sequence().length());
      case Output.Logits(var consumer) -> {
        consumer.accept(index, logits, offset);
        yield -1;
      }
    };
  }

  private void moveRow(int row) {
    System.arraycopy(workspace.normed, row * config.hidden(), workspace.normed, 0, config.hidden());
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
