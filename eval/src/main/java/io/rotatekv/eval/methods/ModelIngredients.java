package io.rotatekv.eval.methods;

import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.calibration.Calibration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What one open model has to offer to methods. Its monitor guards the sample, taken once. */
final class ModelIngredients implements MethodDefinition.Ingredients {

  private final EvalModel model;
  private final Optional<EvalText> text;
  private @Nullable CalibrationSample sample;

  ModelIngredients(EvalModel model, Optional<EvalText> text) {
    this.model = model;
    this.text = text;
  }

  @Override
  public KvShape shape() {
    return model.model().kvShape();
  }

  /**
   * The text that {@code method} learns from.
   *
   * @throws EvalException if there is none
   */
  EvalText text(String method) {
    return text.orElseThrow(() ->
        new EvalException(
            "%s learns from a text; name one with --calibration-text, not the one to be scored"
                .formatted(method)));
  }

  /** What was calibrated before, for the thresholds of sinks. */
  Calibration calibration() {
    return model.requireCalibration(CodecSpec.ROTATEKV_2);
  }

  @Override
  public synchronized CalibrationSample sample() {
    if (sample == null) {
      String content = text("this method").content();
      sample = CalibrationSample.of(model.model(), model.model().tokenizer().encode(content, true));
    }
    return sample;
  }

  @Override
  public CodecContext codec(CodecSpec spec) {
    return spec.family() == CodecFamily.FP16
        ? CodecContext.fp16(shape())
        : model.requireCalibration(spec).uniform(spec, model.model().blockRope());
  }

  @Override
  public float[] sinkThresholds() {
    float[] thresholds = new float[shape().layers()];
    for (int layer = 0; layer < thresholds.length; layer++) {
      thresholds[layer] = calibration().layers().get(layer).sinkThreshold();
    }
    return thresholds;
  }
}
