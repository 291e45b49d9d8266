package io.rotatekv.kernels.codec;

/**
 * What calibration learned of one layer. Every codec takes from it what it needs.
 *
 * @param keyMean mean of the rotated keys before RoPE, {@code (kvDim)}; its sort order is the
 *     reorder of RotateKV's Algorithm 1, and rotated back it is what codecs that centre subtract
 * @param keyRange largest {@code max - min} of a group of reordered rotated keys that calibration
 *     saw; the FP8 scales are stored relative to it
 * @param keyDeviation largest {@code |key - mean|} that calibration saw
 * @param valueRange largest {@code max - min} of a group of rotated values
 * @param valueDeviation largest {@code |value|} of the rotated values
 * @param sinkThreshold a token whose largest {@code |entry|} of the hidden state entering the layer
 *     exceeds this stays in FP16 (Sun et al. 2024, "Massive Activations"); positive infinity for
 *     none
 * @param keyImportance what an error of a key before RoPE costs, as a matrix C by KV head: the mean
 *     square of the error that attention makes of an error {@code e} is {@code e^T C e}, up to a
 *     factor; lower triangles by row, {@code (kvHeads, headDim (headDim + 1) / 2)}
 */
@SuppressWarnings("ArrayRecordComponent")
public record LayerCalibration(
    float[] keyMean,
    float keyRange,
    float keyDeviation,
    float valueRange,
    float valueDeviation,
    float sinkThreshold,
    float[] keyImportance) {

  /** An importance that weighs all channels alike, which makes feedback do nothing. */
  public static float[] evenImportance(KvShape shape) {
    float[] importance = new float[shape.triangles()];
    int at = 0;
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int channel = 0; channel < shape.headDim(); channel++) {
        at += channel;
        importance[at++] = 1f;
      }
    }
    return importance;
  }
}
