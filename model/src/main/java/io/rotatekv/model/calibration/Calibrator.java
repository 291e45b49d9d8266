package io.rotatekv.model.calibration;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.model.Model;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Algorithm 1 of RotateKV (arXiv 2501.16383): runs a text through the model with an FP16 cache and
 * takes the mean of every rotated key channel, whose order is the reorder, and what queries make of
 * errors of keys. A second pass measures the ranges that the groups of that order have, and the
 * sizes of the hidden states.
 *
 * <p>Unlike the authors' code, no layer sees quantized inputs while calibrating.
 */
public final class Calibrator {

  private static final int CHUNK = 512;

  private final Model model;
  private final Kernels kernels;
  private final Team team;

  /** A calibrator that computes with {@code kernels} on {@code team}. */
  public Calibrator(Model model, Kernels kernels, Team team) {
    this.model = model;
    this.kernels = kernels;
    this.team = team;
  }

  /**
   * Calibrates on a tokenized text.
   *
   * @param text name of the text, kept in the artifact
   * @param tokens the text; used in windows of {@code window} tokens
   * @param progress told how many tokens have passed, of {@code 2 * tokens.length}
   */
  public Calibration calibrate(String text, int[] tokens, int window, IntConsumer progress) {
    KvShape shape = model.kvShape();
    List<KeyMeans> means = perLayer(shape, () -> new KeyMeans(shape));
    List<KeyImportance> importances = perLayer(shape, () -> new KeyImportance(model.config()));
    run(
        tokens,
        window,
        progress,
        (l, rows, hidden, q, k, v) -> {
          means.get(l).add(k, rows);
          importances.get(l).add(q, rows);
        });
    List<LayerRanges> ranges = new ArrayList<>();
    for (int l = 0; l < shape.layers(); l++) {
      float[] importance = importances.get(l).importance();
      float[] mean = means.get(l).mean();
      ranges.add(new LayerRanges(shape, mean, importance, model.config().hidden()));
    }
    run(
        tokens,
        window,
        progress,
        (l, rows, hidden, q, k, v) -> ranges.get(l).add(rows, hidden, k, v));
    List<LayerCalibration> layers = ranges.stream().map(LayerRanges::calibration).toList();
    return new Calibration(
        model.config().name(), model.fingerprint(), text, tokens.length, shape, layers, null);
  }

  private static <T> List<T> perLayer(KvShape shape, Supplier<T> each) {
    return IntStream.range(0, shape.layers()).mapToObj(layer -> each.get()).toList();
  }

  private void run(int[] tokens, int window, IntConsumer progress, LayerObserver observer) {
    CodecContext fp16 = new CodecContext(CodecSpec.FP16, model.kvShape(), List.of(), 0L);
    EngineLimits limits = new EngineLimits(window, CHUNK);
    try (Engine engine =
        new CpuEngine(
            model.config(), model.weights(), kernels, team, fp16, Attend.BLOCK, limits, observer)) {
      for (int from = 0; from < tokens.length; from += window) {
        int to = Math.min(tokens.length, from + window);
        try (Sequence sequence = engine.open(BlockListener.NONE)) {
          for (int at = from; at < to; at += CHUNK) {
            int[] chunk = Arrays.copyOfRange(tokens, at, Math.min(to, at + CHUNK));
            engine.run(List.of(new Step(sequence, chunk, Output.NONE)));
            progress.accept(chunk.length);
          }
        }
      }
    }
  }
}
