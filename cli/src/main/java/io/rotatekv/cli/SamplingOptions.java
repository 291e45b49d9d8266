package io.rotatekv.cli;

import io.rotatekv.v1.Sampling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How tokens are chosen; what is not given is left to the decode node. */
final class SamplingOptions {

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 always takes the most likely token; higher is more varied.")
  private @Nullable Float temperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Choose among the K most likely.")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Choose among the most likely up to this sum of probabilities.")
  private @Nullable Float topP;

  @Option(names = "--seed", paramLabel = "S", description = "Equal seeds give equal texts.")
  private @Nullable Long seed;

  Sampling toProto() {
    Sampling.Builder sampling = Sampling.newBuilder();
    if (temperature != null) {
      sampling.setTemperature(temperature);
    }
    if (topK != null) {
      sampling.setTopK(topK);
    }
    if (topP != null) {
      sampling.setTopP(topP);
    }
    if (seed != null) {
      sampling.setSeed(seed);
    }
    return sampling.build();
  }
}
