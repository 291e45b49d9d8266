package io.rotatekv.cli;

import io.rotatekv.cli.console.CommandException;
import io.rotatekv.cli.console.Progress;
import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.model.Model;
import io.rotatekv.model.Models;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.calibration.CalibrationFile;
import io.rotatekv.model.calibration.Calibrator;
import io.rotatekv.model.calibration.Gate;
import io.rotatekv.model.calibration.GateKeeper;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv calibrate}: Algorithm 1 of RotateKV on a model and a text. */
@Command(
    name = "calibrate",
    mixinStandardHelpOptions = true,
    description = {
      "Runs a text through a model and writes what its codecs need to know of its keys and values.",
      "Take a text that resembles the model's use, never the one that is scored afterwards."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv calibrate --model model.gguf --text sample.txt --out model.calibration",
      "  rotatekv up --model model.gguf --calibration model.calibration",
    })
final class CalibrateCommand implements Runnable {

  private static final int MIN_HELD_OUT = 512;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ComputeOptions compute = new ComputeOptions();
  @Mixin private final TextOptions text = new TextOptions();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "Where the calibration is written.")
  private Path out = Path.of("");

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "16384",
      description = "Use the first N tokens of the text (default: ${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--window",
      paramLabel = "N",
      defaultValue = "2048",
      description = "Tokens that see each other (default: ${DEFAULT-VALUE}).")
  private int window;

  @Option(
      names = "--max-ppl-increase",
      paramLabel = "PERCENT",
      description = {
        "Measure what codecs cost on text after the calibrated one, give shaped codecs more bits in",
        "some layers until perplexity rises by at most this, and let nodes refuse codecs beyond it."
      })
  private @Nullable Double maxPplIncrease;

  @Option(
      names = "--held-out",
      paramLabel = "N",
      defaultValue = "4096",
      description = "Tokens to measure that on (default: ${DEFAULT-VALUE}).")
  private int heldOut;

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    UsageChecks.atLeast(spec, "--tokens", tokens, 64);
    UsageChecks.atLeast(spec, "--window", window, 64);
    UsageChecks.atLeast(spec, "--held-out", heldOut, 64);
    CalibrationFile.requireWritable(out);
    Path path = ModelFiles.fetch(compute.model(), err);
    try (Team team = Team.of(compute.threads());
        Model model = Models.open(path)) {
      int[] all = text.tokens(model, tokens + (maxPplIncrease == null ? 0 : heldOut));
      int[] ids = Arrays.copyOf(all, Math.min(tokens, all.length));
      int[] rest = Arrays.copyOfRange(all, ids.length, all.length);
      requireHeldOut(rest);
      Kernels kernels = Backends.open(compute.backend(), team).kernels();
      Calibrator calibrator = new Calibrator(model, kernels, team);
      Calibration calibration;
      try (Progress progress =
          new Progress(err, "calibrating, two passes", 2L * ids.length, "tokens", 1)) {
        calibration = calibrator.calibrate(text.name(), ids, window, progress::add);
      }
      if (maxPplIncrease != null) {
        calibration = gate(new GateKeeper(model, kernels, team), calibration, rest, err);
      }
      CalibrationFile.write(calibration, out);
      spec.commandLine()
          .getOut()
          .println(
              "%s: calibration %s of %s from %d tokens"
                  .formatted(
                      out,
                      HexFormat.of().formatHex(calibration.fingerprint()).substring(0, 16),
                      calibration.model(),
                      ids.length));
      print(calibration);
    }
  }

  private void requireHeldOut(int[] rest) {
    if (maxPplIncrease != null && rest.length < Math.min(heldOut, MIN_HELD_OUT)) {
      throw new CommandException(
          "the text has only %d tokens after those it calibrates on".formatted(rest.length),
          "take a longer text or fewer --tokens, so that --held-out tokens are left");
    }
  }

  private Calibration gate(
      GateKeeper keeper, Calibration calibration, int[] rest, PrintWriter err) {
    try (Progress progress = new Progress(err, "measuring codecs", -1, "tokens", 1)) {
      return keeper.gate(
          calibration, rest, window, Objects.requireNonNull(maxPplIncrease) / 100, progress::add);
    }
  }

  private void print(Calibration calibration) {
    Gate gate = calibration.gate();
    if (gate == null) {
      return;
    }
    PrintWriter to = spec.commandLine().getOut();
    for (Gate.Cost cost : gate.costs()) {
      String verdict =
          cost.increase() > gate.maxIncrease()
              ? "refused"
              : cost.raised().isEmpty() ? "as it is" : "layers raised: " + cost.raised();
      to.println(
          "%-10s perplexity %+.2f %%  %s".formatted(cost.codec(), 100 * cost.increase(), verdict));
    }
  }
}
