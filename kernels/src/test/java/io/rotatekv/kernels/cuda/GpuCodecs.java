package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.kernels.codec.Samples;
import java.util.ArrayList;
import java.util.List;

/** Codecs, keys and values for the tests of the kernels that make and read blocks. */
final class GpuCodecs {

  static final float SINK_THRESHOLD = 10;

  private GpuCodecs() {}

  /** Every codec with every kind of shape that the kernels tell apart. */
  static List<CodecContext> contexts() {
    List<CodecContext> contexts = new ArrayList<>();
    for (KvShape shape : shapes()) {
      for (CodecSpec spec : CodecSpec.ALL) {
        contexts.add(withThreshold(Samples.context(spec, shape)));
      }
    }
    return contexts;
  }

  private static List<KvShape> shapes() {
    return List.of(
        new KvShape(
            2, 1, 64), // a row is a line: tiles of keys are whole blocks, half of a CTA idle
        new KvShape(2, 3, 64), // the order-12 factor, rows that do not divide a CTA
        new KvShape(1, 4, 64), // order 256
        new KvShape(1, 5, 128), // chunks of one head
        new KvShape(1, 6, 128), // order 384, two chunks
        new KvShape(2, 8, 128), // order 512, two chunks: LLaMA-3-8B
        new KvShape(1, 36, 128)); // a row takes more than half of a CTA of 128 threads
  }

  /** A codec whose sinks are those of {@link #maxima}. */
  static CodecContext withThreshold(CodecContext context) {
    if (context.spec().family() == CodecFamily.FP16) {
      return context;
    }
    List<LayerCalibration> layers =
        context.layers().stream()
            .map(layer ->
                new LayerCalibration(
                    layer.keyMean(),
                    layer.keyRange(),
                    layer.keyDeviation(),
                    layer.valueRange(),
                    layer.valueDeviation(),
                    SINK_THRESHOLD,
                    layer.keyImportance()))
            .toList();
    return new CodecContext(
        context.spec(), context.shape(), layers, context.fingerprint(), context.rope());
  }

  /**
   * Rows that FP16 holds exactly. Token 5 has an outlier, and token 6 one channel per head or chunk
   * of {@code order} channels, which rotation makes a constant: a group too narrow for a zero
   * point.
   */
  static float[] rows(KvShape shape, int order, long seed) {
    float[] rows = Samples.rows(shape, seed);
    for (int channel = 0; channel < shape.kvDim(); channel++) {
      rows[6 * shape.kvDim() + channel] = channel % order == 0 ? 40 : 0;
    }
    rows[5 * shape.kvDim() + 1] = 300;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Float.float16ToFloat(Float.floatToFloat16(rows[i]));
    }
    return rows;
  }

  /** Magnitudes of hidden states by which exactly the given tokens become sinks. */
  static float[] maxima(long sinks) {
    float[] maxima = new float[BLOCK_TOKENS];
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      maxima[token] = (sinks >>> token & 1) != 0 ? Math.nextUp(SINK_THRESHOLD) : SINK_THRESHOLD;
    }
    return maxima;
  }
}
