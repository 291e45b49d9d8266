package io.rotatekv.cli;

import io.rotatekv.cli.console.CommandException;
import io.rotatekv.cli.console.Progress;
import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.Caches;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.cache.ServingCaches;
import io.rotatekv.eval.methods.MethodCaches;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.RunProgress;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.fetch.ModelFetcher;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What all evaluations ask: of which model, which caches, and how the work is remembered. */
final class EvalOptions {

  /** What an evaluation does with an open model. */
  @FunctionalInterface
  interface Body {
    void run(EvalModel model, EvalRun run);
  }

  @Mixin private final ComputeOptions compute = new ComputeOptions();

  @Option(
      names = "--codec",
      paramLabel = "CODEC",
      split = ",",
      description = {
        "One or more of the codecs that are served (fp16, shaped2 to 4, rotatekv2 to 4, centred2)",
        "and of the methods that are there to compare with (rtn2, quarot2, kivi2, kvquant2, gear2,",
        "mikv2, zipcache2, ...); shaped2 if none is given. Ablations show them first: fp16."
      })
  private List<String> codecs = new ArrayList<>();

  @Option(
      names = "--calibration-text",
      paramLabel = "FILE",
      description = {
        "A text for methods that calibrate more than the artifact holds (kvquant2, reordering);",
        "never the one that is scored."
      })
  private @Nullable Path calibrationText;

  @Option(
      names = "--calibration",
      paramLabel = "FILE",
      description = "What 'rotatekv calibrate' wrote for the model.")
  private @Nullable Path calibration;

  @Option(
      names = "--attend",
      paramLabel = "MODE",
      description =
          "What a token attends over unquantized: its own block (the default, as served), full or"
              + " quantized (nothing, as in the paper's tables; the default of ablations).")
  private @Nullable String attend;

  @Option(
      names = "--state",
      paramLabel = "FOLDER",
      description =
          "Where finished work is remembered, so that a run that was broken off goes on (default:"
              + " eval in the user's cache folder).")
  private @Nullable Path state;

  @Option(names = "--fresh", description = "Measure everything anew, whatever is remembered.")
  private boolean fresh;

  /** Opens the model and runs {@code body}; failures that a user can mend become one line. */
  void run(PrintWriter err, Body body) {
    run(err, compute.backend(), body);
  }

  /**
   * As {@link #run}, for what needs several engines at a time.
   *
   * @throws CommandException if a GPU was asked for by name
   */
  void runOnCpu(PrintWriter err, Body body) {
    if (compute.backend().equals("cuda")) {
      throw new CommandException("this evaluation runs on the CPU", "leave --backend out");
    }
    run(err, compute.backend().equals("auto") ? "cpu" : compute.backend(), body);
  }

  private void run(PrintWriter err, String backend, Body body) {
    try (EvalModel model =
        EvalModel.open(ModelFiles.fetch(compute.model(), err), calibration, backend)) {
      body.run(model, evalRun(err));
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new CommandException(String.valueOf(e.getMessage()), "", e);
    }
  }

  /** Threads for what is no {@link EvalRun}; the caller closes them. */
  Team team() {
    return Team.of(compute.threads());
  }

  /** The FP16 cache, served, under the same attention. */
  CacheUnderTest exactCache(EvalModel model) {
    return new Caches(List.of(new ServingCaches()))
        .open(CodecSpec.FP16.name(), model, attend(Attend.BLOCK));
  }

  private EvalRun evalRun(PrintWriter err) {
    Path folder = state == null ? ModelFetcher.cache(System.getenv()).resolve("eval") : state;
    RunProgress.Opener bars =
        (title, total, unit) -> new Bar(new Progress(err, title, total, unit, 1));
    return new EvalRun(folder, BenchLines.currentCommit(), fresh, compute.threads(), bars);
  }

  /** Every cache that was asked for, so that a name that does not exist costs no time. */
  List<CacheUnderTest> caches(EvalModel model) {
    return caches(model, codecs(CodecSpec.DEFAULT.name()), attend(Attend.BLOCK));
  }

  /** Caches by name. */
  List<CacheUnderTest> caches(EvalModel model, List<String> names, Attend mode) {
    Optional<EvalText> text = Optional.ofNullable(calibrationText).map(EvalText::read);
    Caches caches = new Caches(List.of(new ServingCaches(), new MethodCaches(text)));
    return names.stream().map(codec -> caches.open(codec, model, mode)).toList();
  }

  /** The codecs that were asked for, or {@code byDefault}. */
  List<String> codecs(String byDefault) {
    return codecs.isEmpty() ? List.of(byDefault) : codecs;
  }

  /** The mode of attention that was asked for, or {@code byDefault}. */
  Attend attend(Attend byDefault) {
    return attend == null ? byDefault : Attend.parse(attend);
  }

  /**
   * Refuses caches that were calibrated on a text that they are to be scored on.
   *
   * @throws io.rotatekv.eval.run.EvalException naming the first
   */
  static void requireUnseen(List<CacheUnderTest> caches, EvalText text) {
    for (CacheUnderTest cache : caches) {
      if (cache.learnedFrom(text.sha256())) {
        throw text.seen(cache.name());
      }
    }
  }

  /** A progress bar of this program. */
  private record Bar(Progress progress) implements RunProgress {

    @Override
    public void add(long units) {
      progress.add(units);
    }

    @Override
    public void close() {
      progress.close();
    }
  }
}
