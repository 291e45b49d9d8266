package io.rotatekv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.cli.console.CommandException;
import io.rotatekv.cli.console.Progress;
import io.rotatekv.eval.Perplexity;
import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.model.runtime.RuntimeOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code rotatekv eval ppl}: perplexity of a text under a codec. */
@Command(
    name = "ppl",
    mixinStandardHelpOptions = true,
    description = "Measures the perplexity of a text under a codec, over windows of equal length.",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rotatekv eval ppl --text test.txt --codec rotatekv2 --windows 8",
      "  rotatekv eval ppl --text test.txt --codec fp16 --seq 2048 --windows 8 --json",
    })
final class EvalPplCommand implements Runnable {

  private static final int CHUNK_TOKENS = 512;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final ComputeOptions compute = new ComputeOptions();
  @Mixin private final TextOptions text = new TextOptions();

  @Option(
      names = "--codec",
      paramLabel = "CODEC",
      defaultValue = "rotatekv2",
      description = "fp16, rotatekv2 (the default), rotatekv3, rotatekv4 or centred2.")
  private String codec = "";

  @Option(
      names = "--calibration",
      paramLabel = "FILE",
      description = "What 'rotatekv calibrate' wrote for the model.")
  private @Nullable Path calibration;

  @Option(
      names = "--attend",
      paramLabel = "MODE",
      defaultValue = "block",
      description =
          "What a token attends over unquantized: its own block (the default, as served), full or"
              + " quantized (nothing, as in the paper's tables).")
  private String attend = "";

  @Option(
      names = "--seq",
      paramLabel = "N",
      defaultValue = "2048",
      description = "Tokens of a window (default: ${DEFAULT-VALUE}).")
  private int seq;

  @Option(
      names = "--windows",
      paramLabel = "N",
      defaultValue = "8",
      description = "Windows to measure, from the text's beginning (default: ${DEFAULT-VALUE}).")
  private int windows;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    UsageChecks.atLeast(spec, "--seq", seq, 2);
    UsageChecks.atLeast(spec, "--windows", windows, 1);
    PrintWriter err = spec.commandLine().getErr();
    RuntimeOptions options =
        new RuntimeOptions(
            compute.model(),
            codec,
            calibration,
            attend,
            compute.backend(),
            compute.threads(),
            seq,
            CHUNK_TOKENS);
    try (ModelRuntime runtime =
        ModelRuntime.open(ModelFiles.fetch(compute.model(), err), options)) {
      print(measure(runtime, err));
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new CommandException(String.valueOf(e.getMessage()), "", e);
    }
  }

  private Perplexity.Result measure(ModelRuntime runtime, PrintWriter err) {
    int[] tokens = text.tokens(runtime.model(), Math.multiplyExact(seq, windows));
    long total = (long) tokens.length / seq * seq;
    Perplexity perplexity = new Perplexity(runtime.engine(), runtime.model().config().vocabulary());
    try (Progress progress = new Progress(err, "perplexity of " + codec, total, "tokens", 1)) {
      return perplexity.measure(tokens, seq, windows, progress::add);
    }
  }

  private void print(Perplexity.Result result) {
    PrintWriter out = spec.commandLine().getOut();
    if (!json) {
      out.println(
          "perplexity %.4f over %d tokens with %s at %.4f bits per element"
              .formatted(result.ppl(), result.tokens(), codec, result.avgBits()));
      return;
    }
    ObjectNode object = new ObjectMapper().createObjectNode();
    object.put("ppl", result.ppl());
    object.put("tokens", result.tokens());
    object.put("avg_bits", result.avgBits());
    object.put("codec", codec);
    object.put("attend", attend);
    object.put("seq", seq);
    ArrayNode nll = object.putArray("window_nll");
    for (double window : result.windowNll()) {
      nll.add(window);
    }
    out.println(object);
  }
}
