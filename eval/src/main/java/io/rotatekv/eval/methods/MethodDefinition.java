package io.rotatekv.eval.methods;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.FormatVersion;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.CacheMethod;

/**
 * A method with all its parameters, not yet fitted to a model.
 *
 * @param name the name that {@code --codec} takes
 * @param bits bits of a code
 * @param parameters all parameters, as a string; of what stores blocks also their format
 * @param calibrated whether it learns from a calibration text
 * @param sinks whether it takes the model's calibration, such as the thresholds of sinks
 * @param maker fits it
 */
record MethodDefinition(
    String name, double bits, String parameters, boolean calibrated, boolean sinks, Maker maker) {

  /** What a model has to offer to a method. */
  interface Ingredients {

    KvShape shape();

    /** Keys and values of a calibration text. */
    CalibrationSample sample();

    /** By layer, the size of hidden states above which a token is a sink. */
    float[] sinkThresholds();

    /** A served codec with what was calibrated for it, the same in all layers. */
    CodecContext codec(CodecSpec spec);
  }

  /** Fits a method to a model. */
  interface Maker {
    CacheMethod make(Ingredients ingredients);
  }

  static MethodDefinition of(String name, int bits, CacheMethod method) {
    return new MethodDefinition(name, bits, method.toString(), false, false, ingredients -> method);
  }

  static MethodDefinition of(String name, RotationSpec spec) {
    return new MethodDefinition(
        name,
        spec.bits(),
        spec.toString(),
        spec.calibrated(),
        spec.sinks(),
        ingredients ->
            Rotation.of(
                spec,
                ingredients.shape(),
                ingredients::sample,
                spec.sinks() ? ingredients.sinkThresholds() : new float[0]));
  }

  static MethodDefinition of(CodecVariant variant) {
    return new MethodDefinition(
        variant.name(),
        variant.bits(),
        "%s block format %d".formatted(variant, FormatVersion.CURRENT),
        false,
        variant.calibrated(),
        ingredients ->
            new VariantMethod(
                variant.context(variant.keys(), ingredients),
                variant.context(variant.values(), ingredients),
                variant.recent()));
  }

  static MethodDefinition kvQuant(String name, int bits, double outliers) {
    return new MethodDefinition(
        name,
        bits,
        "KvQuant[bits=%d, outliers=%s]".formatted(bits, outliers),
        true,
        false,
        ingredients ->
            KvQuant.calibrate(ingredients.sample(), ingredients.shape().kvDim(), bits, outliers));
  }

  /** The method for one model; calibrates where it needs to. */
  CacheMethod fit(Ingredients ingredients) {
    return maker.make(ingredients);
  }
}
