package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.codec.CodecSpec;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One figure of attention at decode, with one thing to compare it with.
 *
 * @param ms median time of one layer
 * @param bytes what it has to read: stored blocks and unfilled ones
 * @param tbS bytes per time, in 1e12 bytes per second
 * @param copyShare the same as a share of the card's copy rate
 * @param baseline what it is compared with; null if with nothing
 * @param speedup the baseline's time over this one's
 */
public record DecodeAttentionRow(
    String bench,
    String codec,
    int bits,
    int qHeads,
    int kvHeads,
    int headDim,
    int batch,
    int context,
    double ms,
    long bytes,
    double tbS,
    double copyShare,
    @Nullable String baseline,
    @Nullable Double baselineMs,
    @Nullable Double speedup) {

  static DecodeAttentionRow of(
      CodecSpec codec,
      AttentionShape shape,
      double ms,
      long bytes,
      CopyRate copy,
      @Nullable Baseline baseline) {
    double tbS = CopyRate.terabytes(bytes, ms);
    return new DecodeAttentionRow(
        "decode_attention",
        codec.family().name().toLowerCase(Locale.ROOT),
        codec.bits(),
        shape.qHeads(),
        shape.kvHeads(),
        shape.headDim(),
        shape.batch(),
        shape.context(),
        ms,
        bytes,
        tbS,
        tbS / copy.tbS(),
        baseline == null ? null : baseline.name(),
        baseline == null ? null : baseline.ms(),
        baseline == null ? null : baseline.ms() / ms);
  }
}
