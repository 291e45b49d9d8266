package io.rotatekv.cli;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.config.ConfigKeys;
import io.rotatekv.cli.config.Settings;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.kernels.cuda.CudaDevice;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv bench cluster}: time to the first token, end to end. */
@Command(
    name = "cluster",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the time to the first token: in one process, then in a cluster of store, prefill and",
      "decode on this machine (on one GPU, with the cuda backend), computed and from the store.",
      "Medians over random prompts."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv bench cluster",
      "  rotatekv bench cluster --model llama.gguf --calibration llama.calibration \\",
      "    --set prefill.max-context=33000 --set decode.max-context=33000 --prompt 2048,8192,32768",
    })
final class BenchClusterCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ConfigOptions config = new ConfigOptions();
  @Mixin private final ModelOptions model = new ModelOptions();

  @Option(
      names = "--prompt",
      paramLabel = "N",
      split = ",",
      defaultValue = "2048,8000",
      description = "Prompt tokens, about (default: ${DEFAULT-VALUE}).")
  private List<Integer> prompts = List.of();

  @Mixin private final ResultOptions results = new ResultOptions("bench-gpu.jsonl");

  @Override
  public void run() {
    prompts.forEach(tokens -> UsageChecks.atLeast(spec, "--prompt", tokens, 64));
    Settings settings = config.flags(model).settings();
    Path file = ModelFiles.fetch(settings.get(ConfigKeys.MODEL_PATH), spec.commandLine().getErr());
    JavaCommand java = JavaCommand.ofThisProcess(Main.class.getName());
    try {
      BenchLines lines = lines();
      new EndToEnd(settings, file, java)
          .measure(prompts, row -> results.report(lines.line(row), spec.commandLine().getOut()));
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new CommandException(String.valueOf(e.getMessage()), "", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static BenchLines lines() {
    if (CudaDevice.obstacle().isPresent()) {
      return BenchLines.ofGpu("none", "none");
    }
    try (CudaDevice device = CudaDevice.open(0)) {
      return BenchLines.ofGpu(device.name(), device.driver());
    }
  }
}
