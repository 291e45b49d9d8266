package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import java.util.Locale;

/**
 * Encoding one layer's keys and values into blocks.
 *
 * @param bytes FP16 in and packed out
 * @param copyShare bytes per time, as a share of the card's copy rate
 */
public record EncodeRow(
    String bench,
    String codec,
    int bits,
    int kvHeads,
    int headDim,
    int tokens,
    double ms,
    long bytes,
    double tbS,
    double copyShare) {

  static EncodeRow of(
      CodecSpec codec, KvShape shape, int tokens, double ms, long bytes, CopyRate copy) {
    double tbS = CopyRate.terabytes(bytes, ms);
    return new EncodeRow(
        "encode",
        codec.family().name().toLowerCase(Locale.ROOT),
        codec.bits(),
        shape.kvHeads(),
        shape.headDim(),
        tokens,
        ms,
        bytes,
        tbS,
        tbS / copy.tbS());
  }
}
