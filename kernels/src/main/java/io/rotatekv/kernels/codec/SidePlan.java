package io.rotatekv.kernels.codec;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * What a codec does to one side, keys or values, of one layer; fixed by shape and calibration.
 *
 * @param group quantization group of each rotated channel, {@code (kvDim)}
 * @param exponent scales are stored relative to 2^exponent
 */
@SuppressWarnings("ArrayRecordComponent") // A bundle read by kernels, never compared.
public record SidePlan(int[] group, int exponent) {

  /** The power of two that the FP8 scales are multiplied by. */
  public float multiplier() {
    return Math.scalb(1f, exponent);
  }

  /** The plan for the keys of a layer. */
  public static SidePlan keys(CodecContext context, int layer) {
    KvShape shape = context.shape();
    float[] mean = keyMean(context, layer);
    boolean centred = context.spec(layer).family().centred();
    return new SidePlan(
        centred ? naturalGroups(shape) : reorderedGroups(mean, shape.group()),
        keyExponent(context, layer));
  }

  /** The plan for the values of a layer. */
  public static SidePlan values(CodecContext context, int layer) {
    return new SidePlan(naturalGroups(context.shape()), valueExponent(context, layer));
  }

  /**
   * The calibrated mean of a layer's rotated keys, {@code (kvDim)}; not to be changed.
   *
   * @throws IllegalArgumentException if it is not one finite number for each channel
   */
  public static float[] keyMean(CodecContext context, int layer) {
    float[] mean = context.layers().get(layer).keyMean();
    int channels = context.shape().kvDim();
    boolean finite = IntStream.range(0, mean.length).allMatch(i -> Float.isFinite(mean[i]));
    if (mean.length != channels || !finite) {
      throw new IllegalArgumentException(
          "calibration of layer %d: key means must be %d finite numbers; run 'rotatekv calibrate'"
              .formatted(layer, channels));
    }
    return mean;
  }

  /** The exponent of the scales of a layer's keys. */
  public static int keyExponent(CodecContext context, int layer) {
    LayerCalibration calibration = context.layers().get(layer);
    return exponent(context, calibration.keyRange(), calibration.keyDeviation(), "key", layer);
  }

  /** The exponent of the scales of a layer's values. */
  public static int valueExponent(CodecContext context, int layer) {
    LayerCalibration calibration = context.layers().get(layer);
    return exponent(
        context, calibration.valueRange(), calibration.valueDeviation(), "value", layer);
  }

  private static int exponent(
      CodecContext context, float range, float deviation, String side, int layer) {
    boolean centred = context.spec(layer).family().centred();
    float largest = GroupQuantizer.of(context.spec(layer)).largestScale(range, deviation);
    return ScaleMultiplier.exponent(largest, side + (centred ? " deviation" : " range"), layer);
  }

  private static int[] naturalGroups(KvShape shape) {
    return IntStream.range(0, shape.kvDim()).map(channel -> channel / shape.group()).toArray();
  }

  /** Algorithm 1 of RotateKV, as membership: the rank of a channel's mean divided by the group. */
  public static int[] reorderedGroups(float[] mean, int group) {
    int[] ranked =
        IntStream.range(0, mean.length)
            .boxed()
            .sorted(Comparator.comparingDouble(channel -> mean[channel]))
            .mapToInt(Integer::intValue)
            .toArray();
    int[] groups = new int[mean.length];
    for (int rank = 0; rank < ranked.length; rank++) {
      groups[ranked[rank]] = rank / group;
    }
    return groups;
  }
}
