package io.rotatekv.eval.accuracy;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.RunKey;
import io.rotatekv.model.Model;
import io.rotatekv.model.engine.EngineLimits;
import java.util.SequencedMap;

/**
 * The model that is evaluated, as far as measures need it.
 *
 * @param name the model's name
 * @param fingerprint identifies its weights
 * @param vocabulary tokens it tells apart
 */
public record EvalTarget(String name, String fingerprint, int vocabulary) {

  /**
   * Tokens computed at a time: enough to use every weight often, few enough for a small scratch.
   */
  private static final int CHUNK_TOKENS = 512;

  /** An open model. */
  public static EvalTarget of(Model model) {
    return new EvalTarget(model.config().name(), model.fingerprint(), model.config().vocabulary());
  }

  /** A key of one evaluation of one cache on this model. */
  RunKey key(String eval, CacheUnderTest cache) {
    return RunKey.of(eval)
        .with("model", fingerprint)
        .with("codec", cache.name())
        .with("identity", cache.identity())
        .with("gpu", cache.onGpu());
  }

  /** A row of one evaluation of one cache on this model. */
  public EvalRow row(
      String eval,
      CacheUnderTest cache,
      double avgBits,
      int seq,
      int windows,
      SequencedMap<String, Object> figures) {
    return new EvalRow(
        eval,
        name,
        cache.name(),
        cache.bits(),
        avgBits,
        cache.attend().label(),
        seq,
        windows,
        figures);
  }

  /** Limits of an engine for sequences of {@code context} tokens. */
  EngineLimits limits(int context) {
    int blocks = Math.ceilDiv(context, BLOCK_TOKENS);
    return new EngineLimits(context, Math.min(CHUNK_TOKENS, blocks * BLOCK_TOKENS));
  }
}
