package io.rotatekv.cli;

import io.rotatekv.cli.console.CommandException;
import io.rotatekv.eval.gpu.Baselines;
import io.rotatekv.eval.gpu.GpuBenchmark;
import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.cuda.CudaDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv bench gpu}: the speed of the GPU's kernels. */
@Command(
    name = "gpu",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the kernels on the first GPU: medians by the device's clock over random inputs that",
      "are larger than its cache. The card's copy rate comes first; shares refer to it."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv bench gpu",
      "  python3 pytorch_baseline.py > pytorch.jsonl",
      "  rotatekv bench gpu --json --section attention,encode --baseline pytorch.jsonl",
    })
final class BenchGpuCommand implements Runnable {

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--section",
      paramLabel = "NAME",
      split = ",",
      description = "Only these of ${COMPLETION-CANDIDATES}; may be repeated.")
  private Set<GpuBenchmark.Section> sections = EnumSet.allOf(GpuBenchmark.Section.class);

  @Option(
      names = "--baseline",
      paramLabel = "FILE",
      description = "What a run of PyTorch's attention on the same card printed, to compare with.")
  private @Nullable Path baseline;

  @Mixin private final ResultOptions results = new ResultOptions("bench-gpu.jsonl");

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    try (Team team = Team.of(Runtime.getRuntime().availableProcessors());
        CudaDevice device = CudaDevice.open(0);
        GpuBenchmark benchmark =
            new GpuBenchmark(device, Backends.open("auto", team).kernels(), team)) {
      BenchLines lines = BenchLines.ofGpu(device.name(), device.driver());
      benchmark.measure(sections, baselines(), row -> results.report(lines.line(row), out));
    } catch (IllegalStateException e) {
      throw new CommandException(String.valueOf(e.getMessage()), "", e);
    }
  }

  private Baselines baselines() {
    if (baseline == null) {
      return Baselines.NONE;
    }
    try {
      return PyTorchBaselines.read(baseline);
    } catch (IOException e) {
      throw new CommandException(
          "cannot read the baseline %s: %s".formatted(baseline, e.getMessage()),
          "give the lines that the run printed, one JSON object each",
          e);
    }
  }
}
