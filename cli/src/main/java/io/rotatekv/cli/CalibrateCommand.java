package io.rotatekv.cli;

import io.rotatekv.cli.console.Progress;
import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Team;
import io.rotatekv.model.Model;
import io.rotatekv.model.Models;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.calibration.CalibrationFile;
import io.rotatekv.model.calibration.Calibrator;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HexFormat;
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

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    UsageChecks.atLeast(spec, "--tokens", tokens, 64);
    UsageChecks.atLeast(spec, "--window", window, 64);
    CalibrationFile.requireWritable(out);
    Path path = ModelFiles.fetch(compute.model(), err);
    try (Team team = Team.of(compute.threads());
        Model model = Models.open(path)) {
      int[] ids = text.tokens(model, tokens);
      Calibrator calibrator =
          new Calibrator(model, Backends.open(compute.backend(), team).kernels(), team);
      Calibration calibration;
      try (Progress progress =
          new Progress(err, "calibrating, two passes", 2L * ids.length, "tokens", 1)) {
        calibration = calibrator.calibrate(text.name(), ids, window, progress::add);
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
    }
  }
}
