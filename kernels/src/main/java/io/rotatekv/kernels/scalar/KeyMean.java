package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.SidePlan;
import java.util.stream.IntStream;

/** The calibrated mean of a layer's keys as codecs subtract it. */
public final class KeyMean {

  private KeyMean() {}

  /** The means of all layers, as {@link #inModelBasis(CodecContext, int)} gives them. */
  public static float[][] inModelBasis(CodecContext context) {
    return IntStream.range(0, context.shape().layers())
        .mapToObj(layer -> inModelBasis(context, layer))
        .toArray(float[][]::new);
  }

  /**
   * The mean of a layer's keys before RoPE in the model's basis, {@code (kvDim)}. Calibration keeps
   * it rotated, as {@code rotatekv} sorts it.
   *
   * @throws IllegalArgumentException if it is not one finite number for each channel
   */
  public static float[] inModelBasis(CodecContext context, int layer) {
    Hadamard rotation = Hadamard.of(context.shape().rotationOrder());
    float[] mean = SidePlan.keyMean(context, layer).clone();
    for (int start = 0; start < mean.length; start += rotation.order()) {
      rotation.inverseUnscaled(mean, start);
    }
    for (int channel = 0; channel < mean.length; channel++) {
      mean[channel] *= rotation.norm();
    }
    return mean;
  }
}
