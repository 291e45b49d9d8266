package io.rotatekv.eval.methods;

import io.rotatekv.kernels.Backends;
import io.rotatekv.kernels.Team;
import io.rotatekv.model.Model;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerWindow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Keys and values of a calibration text under an exact cache, from which methods learn what their
 * papers calibrate offline.
 *
 * @param layers by layer, one window after the other; without queries
 */
record CalibrationSample(List<List<LayerWindow>> layers) {

  /** Enough for the 0.25 % quantiles of a channel, and some hundred MB for a model of 100M. */
  static final int TOKENS = 4096;

  private static final int WINDOW = 2048;

  /**
   * Runs the beginning of a text through the model.
   *
   * @param tokens the text; its first {@link #TOKENS} are used
   */
  static CalibrationSample of(Model model, int[] tokens) {
    List<List<LayerWindow>> layers =
        IntStream.range(0, model.config().layers())
            .<List<LayerWindow>>mapToObj(layer -> new ArrayList<>())
            .toList();
    CacheMethod collect =
        window -> {
          layers.get(window.layer()).add(withoutQueries(window));
          return CacheMethod.EXACT.store(window);
        };
    int used = Math.min(TOKENS, tokens.length);
    int seq = Math.min(WINDOW, model.config().contextLength());
    try (Team team = Team.of(Runtime.getRuntime().availableProcessors());
        Engine engine =
            new CpuEngine(
                model.config(),
                model.weights(),
                Backends.open("auto", team).kernels(),
                team,
                collect,
                Attend.QUANTIZED,
                EngineLimits.whole(seq))) {
      for (int from = 0; from < used; from += seq) {
        int[] window = Arrays.copyOfRange(tokens, from, Math.min(used, from + seq));
        try (Sequence sequence = engine.open(BlockListener.NONE)) {
          engine.run(List.of(new Step(sequence, window, Output.NONE)));
        }
      }
    }
    return new CalibrationSample(layers);
  }

  private static LayerWindow withoutQueries(LayerWindow window) {
    return new LayerWindow(
        window.layer(),
        window.shape(),
        window.tokens(),
        window.keys(),
        window.values(),
        window.peaks(),
        new float[0],
        0,
        window.rope());
  }

  /** Keys of a layer before RoPE, all windows together: {@code (tokens, kvDim)}. */
  float[] keys(int layer) {
    return join(layers.get(layer).stream().map(LayerWindow::keys).toList());
  }

  /** Keys of a layer after RoPE; every window starts at position 0. */
  float[] rotatedKeys(int layer) {
    return join(layers.get(layer).stream().map(window -> window.rotated(window.keys())).toList());
  }

  /** Values of a layer. */
  float[] values(int layer) {
    return join(layers.get(layer).stream().map(LayerWindow::values).toList());
  }

  private static float[] join(List<float[]> parts) {
    float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
