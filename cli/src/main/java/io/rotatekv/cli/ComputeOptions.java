package io.rotatekv.cli;

import picocli.CommandLine.Option;

/** Options of commands that run a model in their own process. */
final class ComputeOptions {

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      defaultValue = "smollm2-135m",
      description =
          "A GGUF file, a Hugging Face folder, or smollm2-135m (the default), which is fetched.")
  private String model = "";

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Compute threads; 0 (the default) for one per core.")
  private int threads;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = {
        "What computes: auto (the default) takes a GPU where there is one and says what it took;",
        "cpu, cuda, simd or scalar."
      })
  private String backend = "";

  String model() {
    return model;
  }

  int threads() {
    return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
  }

  String backend() {
    return backend;
  }
}
