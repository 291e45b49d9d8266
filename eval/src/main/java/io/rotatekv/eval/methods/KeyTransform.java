package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.scalar.Hadamard;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What one layer's keys go through before they are quantized, and back. For one thread.
 *
 * <p>Smoothing divides each channel by {@code sqrt(max |k|)}: QServe's SmoothAttention with its
 * exponent of 0.5 (Lin et al. 2024, arXiv 2405.04532, section 4.2). Reordering is RPTQ's idea (Yuan
 * et al. 2023, arXiv 2304.01089) by RotateKV's statistic, the sum of a channel (Algorithm 1).
 */
final class KeyTransform {

  private final int width;
  private final @Nullable Hadamard rotation;
  private final float[] smooth; // empty for none
  private final int[] before; // source channel of each place; empty for none
  private final int[] after;
  private final float[] scratch;

  private KeyTransform(
      int width, @Nullable Hadamard rotation, float[] smooth, int[] before, int[] after) {
    this.width = width;
    this.rotation = rotation;
    this.smooth = smooth;
    this.before = before;
    this.after = after;
    this.scratch = new float[width];
  }

  /** Whether there is a rotation of an order. */
  static boolean exists(int order) {
    int odd = order >> Integer.numberOfTrailingZeros(order);
    return odd == 1 || (order % (4 * odd) == 0 && odd <= 7);
  }

  /** The same transform for another thread. */
  KeyTransform copy() {
    Hadamard own = rotation == null ? null : Hadamard.of(rotation.order());
    return new KeyTransform(width, own, smooth, before, after);
  }

  /**
   * Learns a layer's transform.
   *
   * @param sample keys at the stage of RoPE where they are quantized, {@code (tokens, kvDim)}; may
   *     be empty where the spec is not calibrated
   */
  static KeyTransform of(RotationSpec spec, KvShape shape, float[] sample) {
    int width = shape.kvDim();
    float[] keys = sample.clone();
    float[] smooth = spec.smooth() ? smoothing(keys, width) : new float[0];
    Hadamard rotation = spec.heads() == 0 ? null : Hadamard.of(spec.heads() * shape.headDim());
    KeyTransform partial = new KeyTransform(width, rotation, smooth, new int[0], new int[0]);
    return switch (spec.reorder()) {
      case NONE -> partial;
      case BEFORE -> {
        new KeyTransform(width, null, smooth, new int[0], new int[0]).forward(keys);
        yield new KeyTransform(width, rotation, smooth, order(keys, width), new int[0]);
      }
      case AFTER -> {
        partial.forward(keys);
        yield new KeyTransform(width, rotation, smooth, new int[0], order(keys, width));
      }
    };
  }

  private static float[] smoothing(float[] keys, int width) {
    float[] smooth = ChannelStatistics.largest(keys, width);
    for (int channel = 0; channel < width; channel++) {
      smooth[channel] = smooth[channel] == 0 ? 1 : (float) Math.sqrt(smooth[channel]);
    }
    return smooth;
  }

  private static int[] order(float[] keys, int width) {
    float[] mean = ChannelStatistics.mean(keys, width);
    return IntStream.range(0, width)
        .boxed()
        .sorted(Comparator.comparingDouble(channel -> mean[channel]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Transforms {@code (tokens, kvDim)} in place. */
  void forward(float[] keys) {
    for (int row = 0; row < keys.length; row += width) {
      for (int channel = 0; channel < smooth.length; channel++) {
        keys[row + channel] /= smooth[channel];
      }
      permute(keys, row, before, false);
      if (rotation != null) {
        for (int at = row; at < row + width; at += rotation.order()) {
          rotation.forward(keys, at);
        }
      }
      permute(keys, row, after, false);
    }
  }

  /** Undoes {@link #forward}. */
  void inverse(float[] keys) {
    for (int row = 0; row < keys.length; row += width) {
      permute(keys, row, after, true);
      if (rotation != null) {
        for (int at = row; at < row + width; at += rotation.order()) {
          rotation.inverseUnscaled(keys, at);
        }
        for (int at = row; at < row + width; at++) {
          keys[at] *= rotation.norm();
        }
      }
      permute(keys, row, before, true);
      for (int channel = 0; channel < smooth.length; channel++) {
        keys[row + channel] *= smooth[channel];
      }
    }
  }

  private void permute(float[] keys, int row, int[] order, boolean inverse) {
    if (order.length == 0) {
      return;
    }
    for (int place = 0; place < width; place++) {
      if (inverse) {
        scratch[order[place]] = keys[row + place];
      } else {
        scratch[place] = keys[row + order[place]];
      }
    }
    System.arraycopy(scratch, 0, keys, row, width);
  }
}
