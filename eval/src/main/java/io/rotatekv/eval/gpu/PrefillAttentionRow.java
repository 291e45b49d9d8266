package io.rotatekv.eval.gpu;

import org.jspecify.annotations.Nullable;

/**
 * Causal attention of a whole prompt in one layer.
 *
 * @param tflopS operations under the diagonal per time, in 1e12 per second
 * @param baseline what it is compared with; null if with nothing
 * @param speedup the baseline's time over this one's
 */
public record PrefillAttentionRow(
    String bench,
    int qHeads,
    int kvHeads,
    int headDim,
    int tokens,
    double ms,
    double tflopS,
    @Nullable String baseline,
    @Nullable Double baselineMs,
    @Nullable Double speedup) {

  static PrefillAttentionRow of(
      int qHeads, int kvHeads, int headDim, int tokens, double ms, @Nullable Baseline baseline) {
    // Two products of 2 operations per query head, channel and pair of tokens; half are masked.
    double operations = 2.0 * 2 * qHeads * headDim * tokens * tokens / 2;
    return new PrefillAttentionRow(
        "prefill_attention",
        qHeads,
        kvHeads,
        headDim,
        tokens,
        ms,
        operations / ms * 1e-9,
        baseline == null ? null : baseline.name(),
        baseline == null ? null : baseline.ms(),
        baseline == null ? null : baseline.ms() / ms);
  }
}
