package io.rotatekv.kernels.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CodecFingerprintTest {

  private static final KvShape SHAPE = new KvShape(1, 2, 16);
  private static final CodecContext CONTEXT = Samples.context(CodecSpec.ROTATEKV_2, SHAPE);
  private static final LayerCalibration LAYER = CONTEXT.layers().getFirst();

  @Test
  void everyChoiceThatDecidesBytesHasAFingerprintOfItsOwn() {
    List<String> all = new ArrayList<>();
    for (CodecSpec spec : CodecSpec.ALL) {
      all.add(of(Samples.context(spec, SHAPE)));
    }
    all.add(of(with(new CodecSpec(CodecFamily.ROTATEKV, 2, 0.9f), LAYER)));
    all.add(of(Samples.context(CodecSpec.ROTATEKV_2, new KvShape(1, 1, 32))));
    all.add(of(with(CodecSpec.ROTATEKV_2, layer(13, 6, 8, 4, 9))));
    all.add(of(with(CodecSpec.ROTATEKV_2, layer(12, 7, 8, 4, 9))));
    all.add(of(with(CodecSpec.ROTATEKV_2, layer(12, 6, 9, 4, 9))));
    all.add(of(with(CodecSpec.ROTATEKV_2, layer(12, 6, 8, 5, 9))));
    all.add(of(with(CodecSpec.ROTATEKV_2, layer(12, 6, 8, 4, 8))));
    float[] mean = LAYER.keyMean().clone();
    mean[31] += 1;
    all.add(
        of(
            with(
                CodecSpec.ROTATEKV_2,
                new LayerCalibration(mean, 12, 6, 8, 4, 9, LAYER.keyImportance()))));
    float[] importance = LAYER.keyImportance().clone();
    importance[0] += 1;
    all.add(
        of(
            with(
                CodecSpec.ROTATEKV_2,
                new LayerCalibration(LAYER.keyMean(), 12, 6, 8, 4, 9, importance))));
    CodecContext shaped = Samples.context(CodecSpec.SHAPED_2, SHAPE);
    all.add(of(shaped.with(List.of(CodecSpec.SHAPED_3))));
    all.add(of(turning(shaped, 5_000)));
    all.add(HexFormat.of().formatHex(CodecFingerprint.of(CONTEXT, "quantized")));
    Set<String> distinct = new HashSet<>(all);
    assertEquals(all.size(), distinct.size());
  }

  @Test
  void anglesCountOnlyWhereKeysAreTurnedByThem() {
    assertEquals(of(CONTEXT), of(turning(CONTEXT, 5_000)));
    CodecContext shaped = Samples.context(CodecSpec.SHAPED_2, SHAPE);
    assertEquals(of(shaped), of(turning(shaped, 10_000)));
  }

  /** The same with RoPE of another base. */
  private static CodecContext turning(CodecContext context, double base) {
    double[] frequencies = Samples.frequencies(SHAPE.headDim());
    for (int pair = 0; pair < frequencies.length; pair++) {
      frequencies[pair] = Math.pow(base, -2.0 * pair / SHAPE.headDim());
    }
    return new CodecContext(
        context.spec(),
        context.shape(),
        context.layers(),
        context.fingerprint(),
        new BlockRope(frequencies));
  }

  @Test
  void equalContextsHaveEqualFingerprints() {
    assertEquals(of(CONTEXT), of(Samples.context(CodecSpec.ROTATEKV_2, SHAPE)));
  }

  @Test
  void calibrationFingerprintCoversModelAndContent() {
    byte[] fingerprint = CalibrationFingerprint.of(CONTEXT.layers(), "model");
    assertEquals(32, fingerprint.length);
    assertEquals(
        CalibrationFingerprint.prefix(fingerprint),
        CalibrationFingerprint.prefix(CalibrationFingerprint.of(CONTEXT.layers(), "model")));
    assertNotEquals(
        CalibrationFingerprint.prefix(fingerprint),
        CalibrationFingerprint.prefix(CalibrationFingerprint.of(CONTEXT.layers(), "other")));
    assertNotEquals(
        CalibrationFingerprint.prefix(fingerprint),
        CalibrationFingerprint.prefix(
            CalibrationFingerprint.of(List.of(layer(1, 2, 3, 4, 5)), "model")));
  }

  private static LayerCalibration layer(float a, float b, float c, float d, float e) {
    return new LayerCalibration(LAYER.keyMean(), a, b, c, d, e, LAYER.keyImportance());
  }

  private static CodecContext with(CodecSpec spec, LayerCalibration layer) {
    return new CodecContext(spec, SHAPE, List.of(layer), 1, CONTEXT.rope());
  }

  private static String of(CodecContext context) {
    return HexFormat.of().formatHex(CodecFingerprint.of(context, "full"));
  }
}
