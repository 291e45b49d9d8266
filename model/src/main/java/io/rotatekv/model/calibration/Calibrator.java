package io.rotatekv.model.calibration;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.LayerCalibration;
import io.rotatekv.kernels.ops.RopeTable;
import io.rotatekv.kernels.tensor.Matrix;
import io.rotatekv.model.Model;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerObserver;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Algorithm 1 of RotateKV (arXiv 2501.16383): runs a text through the model with an FP16 cache and
 * takes the mean of every rotated key channel, whose order is the reorder, and the sizes of the
 * hidden states. A second pass measures the ranges that the groups of that order have, and what
 * attention makes of errors of keys.
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
    ModelConfig config = model.config();
    List<KeyMeans> means = perLayer(layer -> new KeyMeans(shape));
    List<HiddenSizes> hiddenSizes = perLayer(layer -> new HiddenSizes(config.hidden()));
    LayerObserver observer =
        (layer, rows, hidden, q, keys, v) -> {
          means.get(layer).add(keys, rows);
          hiddenSizes.get(layer).add(hidden, rows);
        };
    run(observing(observer, window), tokens, window, progress);

    RopeTable rope = new RopeTable(config.rope().inverseFrequencies(), window);
    List<Float> sinks = perLayer(layer -> hiddenSizes.get(layer).sinkThreshold());
    List<LayerRanges> ranges = perLayer(layer -> new LayerRanges(shape, means.get(layer).mean()));
    List<KeyImportance> importances =
        perLayer(layer -> new KeyImportance(config, projection(layer), kernels.matMul(), rope));
    CacheMethod measure =
        layer -> {
          ranges.get(layer.layer()).add(layer.tokens(), layer.keys(), layer.values());
          importances.get(layer.layer()).add(layer, sinks.get(layer.layer()), team);
          return CacheMethod.EXACT.store(layer);
        };
    run(storing(measure, window), tokens, window, progress);
    List<LayerCalibration> layers =
        perLayer(layer ->
            ranges.get(layer).calibration(sinks.get(layer), importances.get(layer).importance()));
    return new Calibration(
        config.name(), model.fingerprint(), text, tokens.length, shape, layers, null);
  }

  private <T> List<T> perLayer(IntFunction<T> each) {
    return IntStream.range(0, model.config().layers()).mapToObj(each).toList();
  }

  private Matrix projection(int layer) {
    return model.weights().layers().get(layer).output();
  }

  private Engine observing(LayerObserver observer, int window) {
    return new CpuEngine(
        model.config(),
        model.weights(),
        kernels,
        team,
        CodecContext.fp16(model.kvShape()),
        Attend.BLOCK,
        new EngineLimits(window, CHUNK),
        observer);
  }

  private Engine storing(CacheMethod method, int window) {
    return new CpuEngine(
        model.config(),
        model.weights(),
        kernels,
        team,
        method,
        Attend.BLOCK,
        EngineLimits.whole(window));
  }

  private static void run(Engine engine, int[] tokens, int window, IntConsumer progress) {
    try (engine) {
      for (int from = 0; from < tokens.length; from += window) {
        int[] text = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + window));
        try (Sequence sequence = engine.open(BlockListener.NONE)) {
          engine.run(List.of(new Step(sequence, text, Output.NONE)));
        }
        progress.accept(text.length);
      }
    }
  }
}
