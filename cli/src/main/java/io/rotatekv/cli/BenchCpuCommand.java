package io.rotatekv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.cli.console.Progress;
import io.rotatekv.cli.console.TextTable;
import io.rotatekv.eval.CodecBenchmark;
import io.rotatekv.eval.CpuBenchmark;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import io.rotatekv.model.Model;
import io.rotatekv.model.calibration.BundledCalibrations;
import io.rotatekv.model.calibration.Calibration;
import io.rotatekv.model.calibration.CalibrationException;
import io.rotatekv.model.calibration.CalibrationFile;
import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.model.runtime.RuntimeOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv bench cpu}: tokens per second, and codec speed, without network or store. */
@Command(
    name = "cpu",
    mixinStandardHelpOptions = true,
    description = {
      "Measures prefill and decode in one process with an FP16 cache, then each codec on one core",
      "in GB/s of FP16 keys and values, beside the scalar form that specifies it. Medians, after a",
      "warm-up of the same work."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv bench cpu",
      "  rotatekv bench cpu --threads 2 --prompt 512 --generate 128 --json",
    })
final class BenchCpuCommand implements Runnable {

  private static final int CHUNK_TOKENS = 512;
  private static final long SEED = 1;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ComputeOptions compute = new ComputeOptions();

  @Option(
      names = "--calibration",
      paramLabel = "FILE",
      description = "What 'rotatekv calibrate' wrote for the model.")
  private @Nullable Path calibration;

  @Option(
      names = "--prompt",
      paramLabel = "N",
      defaultValue = "512",
      description = "Prompt tokens (default: ${DEFAULT-VALUE}).")
  private int prompt;

  @Option(
      names = "--generate",
      paramLabel = "N",
      defaultValue = "128",
      description = "Generated tokens (default: ${DEFAULT-VALUE}).")
  private int generate;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  private record Speeds(double prefill, double decode, Map<CodecSpec, CodecSpeeds> codecs) {}

  private record CodecSpeeds(CodecBenchmark.Result backend, CodecBenchmark.Result scalar) {

    double encodeSpeedup() {
      return backend.encodeGbS() / scalar.encodeGbS();
    }

    double decodeSpeedup() {
      return backend.decodeGbS() / scalar.decodeGbS();
    }
  }

  @Override
  public void run() {
    UsageChecks.atLeast(spec, "--prompt", prompt, 64);
    UsageChecks.atLeast(spec, "--generate", generate, 1);
    PrintWriter err = spec.commandLine().getErr();
    RuntimeOptions options =
        new RuntimeOptions(
            compute.model(),
            CodecSpec.FP16.name(),
            null,
            "block",
            compute.backend().equals("auto") ? "cpu" : compute.backend(),
            compute.threads(),
            0,
            CHUNK_TOKENS);
    try (ModelRuntime runtime =
        ModelRuntime.open(ModelFiles.fetch(compute.model(), err), options)) {
      Speeds speeds = measure(runtime, err);
      spec.commandLine().getOut().println(json ? toJson(speeds) : toTable(speeds));
    } catch (IllegalArgumentException e) {
      throw new CommandException(String.valueOf(e.getMessage()), "", e);
    }
  }

  private Speeds measure(ModelRuntime runtime, PrintWriter err) {
    CpuBenchmark benchmark = new CpuBenchmark(runtime.engine());
    int[] tokens =
        new SplittableRandom(SEED).ints(prompt, 0, runtime.model().config().vocabulary()).toArray();
    try (Progress progress =
        new Progress(err, "measuring", 2L + 2L * CodecSpec.ALL.size(), "figures", 1)) {
      double prefill = benchmark.prefillTokensPerSecond(tokens);
      progress.add(1);
      double decode = benchmark.decodeTokensPerSecond(tokens, generate);
      progress.add(1);
      Calibration calibrated = calibration(runtime.model());
      Map<CodecSpec, CodecSpeeds> codecs = new LinkedHashMap<>();
      for (CodecSpec codec : CodecSpec.ALL) {
        CodecContext context = calibrated.context(codec, runtime.model().blockRope());
        CodecBenchmark.Result backend =
            new CodecBenchmark(runtime.kernels().codec(context)).measure();
        progress.add(1);
        CodecBenchmark.Result scalar = new CodecBenchmark(ScalarCodecs.create(context)).measure();
        progress.add(1);
        codecs.put(codec, new CodecSpeeds(backend, scalar));
      }
      return new Speeds(prefill, decode, codecs);
    }
  }

  private Calibration calibration(Model model) {
    if (calibration != null) {
      return CalibrationFile.read(calibration);
    }
    return BundledCalibrations.find(model.fingerprint())
        .orElseThrow(() -> CalibrationException.missing(model.config().name(), CodecSpec.DEFAULT));
  }

  private ObjectNode toJson(Speeds speeds) {
    ObjectNode object = new ObjectMapper().createObjectNode();
    object.put("prefill_tok_s", speeds.prefill());
    object.put("decode_tok_s", speeds.decode());
    object.put("threads", compute.threads());
    ObjectNode codecs = object.putObject("codecs");
    speeds
        .codecs()
        .forEach((codec, result) ->
            codecs
                .putObject(codec.name())
                .put("encode_gb_s", result.backend().encodeGbS())
                .put("decode_gb_s", result.backend().decodeGbS())
                .put("scalar_encode_gb_s", result.scalar().encodeGbS())
                .put("scalar_decode_gb_s", result.scalar().decodeGbS())
                .put("encode_speedup", result.encodeSpeedup())
                .put("decode_speedup", result.decodeSpeedup()));
    return object;
  }

  private static String toTable(Speeds speeds) {
    TextTable model = new TextTable("model", "tokens/s");
    model.row("prefill", decimal(speeds.prefill())).row("decode", decimal(speeds.decode()));
    TextTable codecs =
        new TextTable(
            "codec, one core", "encode GB/s", "times scalar", "decode GB/s", "times scalar");
    speeds
        .codecs()
        .forEach((codec, result) ->
            codecs.row(
                codec.name(),
                decimal(result.backend().encodeGbS()),
                decimal(result.encodeSpeedup()),
                decimal(result.backend().decodeGbS()),
                decimal(result.decodeSpeedup())));
    return model + "\n" + codecs.toString().stripTrailing();
  }

  private static String decimal(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}
