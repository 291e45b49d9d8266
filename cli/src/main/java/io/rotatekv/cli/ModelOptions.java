package io.rotatekv.cli;

import io.rotatekv.cli.config.ConfigKeys;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model, and how its KV is stored. */
final class ModelOptions {

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description =
          "A GGUF file, a Hugging Face folder, or smollm2-135m (the default), which is"
              + " fetched.")
  private @Nullable String model;

  @Option(
      names = "--codec",
      paramLabel = "CODEC",
      description = "fp16, shaped2 (the default) to 4, rotatekv2 to 4 or centred2.")
  private @Nullable String codec;

  @Option(
      names = "--calibration",
      paramLabel = "FILE",
      description = "What 'rotatekv calibrate' wrote for the model.")
  private @Nullable String calibration;

  void addTo(ConfigOptions options) {
    options
        .flag("--model", ConfigKeys.MODEL_PATH, model)
        .flag("--codec", ConfigKeys.MODEL_CODEC, codec)
        .flag("--calibration", ConfigKeys.MODEL_CALIBRATION, calibration);
  }
}
