package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.kernels.codec.SidePlan;
import java.util.Arrays;

/** Largest ranges of one layer's groups, given the mean of its rotated keys. */
final class LayerRanges {

  private final KvShape shape;
  private final KeyRotation rotation;
  private final float[] mean;
  private final int[] groupOf;
  private final float[] row;
  private final float[] low;
  private final float[] high;
  private float keyRange;
  private float keyDeviation;
  private float valueRange;
  private float valueDeviation;

  LayerRanges(KvShape shape, float[] mean) {
    this.shape = shape;
    this.rotation = new KeyRotation(shape);
    this.mean = mean;
    this.groupOf = SidePlan.reorderedGroups(mean, shape.group());
    this.row = new float[shape.kvDim()];
    this.low = new float[shape.groups()];
    this.high = new float[shape.groups()];
  }

  void add(int rows, float[] keys, float[] values) {
    for (int r = 0; r < rows; r++) {
      System.arraycopy(keys, r * row.length, row, 0, row.length);
      rotation.rotate(row);
      keyRange = Math.max(keyRange, widest(true));
      for (int channel = 0; channel < row.length; channel++) {
        keyDeviation = Math.max(keyDeviation, Math.abs(row[channel] - mean[channel]));
      }
      System.arraycopy(values, r * row.length, row, 0, row.length);
      rotation.rotateValues(row);
      valueRange = Math.max(valueRange, widest(false));
      for (float value : row) {
        valueDeviation = Math.max(valueDeviation, Math.abs(value));
      }
    }
  }

  /** Largest {@code max - min} of the row's groups: reordered for keys, natural for values. */
  private float widest(boolean reordered) {
    Arrays.fill(low, Float.POSITIVE_INFINITY);
    Arrays.fill(high, Float.NEGATIVE_INFINITY);
    for (int channel = 0; channel < row.length; channel++) {
      int group = reordered ? groupOf[channel] : channel / shape.group();
      low[group] = Math.min(low[group], row[channel]);
      high[group] = Math.max(high[group], row[channel]);
    }
    float widest = 0;
    for (int group = 0; group < low.length; group++) {
      widest = Math.max(widest, high[group] - low[group]);
    }
    return widest;
  }

  LayerCalibration calibration(float sinkThreshold, float[] importance) {
    return new LayerCalibration(
        mean, keyRange, keyDeviation, valueRange, valueDeviation, sinkThreshold, importance);
  }
}
