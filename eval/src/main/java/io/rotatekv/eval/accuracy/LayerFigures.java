package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.WindowedText;
import io.rotatekv.kernels.Team;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.engine.cpu.CacheMethod;
import io.rotatekv.model.engine.cpu.LayerWindow;
import io.rotatekv.model.engine.cpu.StoredLayer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * What the keys of a model look like, as RotateKV's Figures 1, 2, 5 and 6 show it: magnitudes
 * before and after RoPE and after rotation, massive activations, and the attention that the first
 * tokens draw.
 */
public final class LayerFigures {

  private final EvalModel model;
  private final WindowedText text;

  /** Figures of a text's first window. */
  public LayerFigures(EvalModel model, WindowedText text) {
    this.model = model;
    this.text = text;
  }

  /**
   * Looks at one window.
   *
   * @param layer the layer whose keys are shown
   * @param exact the FP16 cache, for the row
   */
  public EvalRow measure(int layer, CacheUnderTest exact, Team team) {
    Probe probe = new Probe(layer);
    int[] window = text.windows().getFirst();
    try (Engine engine = model.probe(probe, text.seq(), team);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      engine.run(List.of(new Step(sequence, window, Output.NONE)));
    }
    return EvalTarget.of(model.model())
        .row("figures", exact, Short.SIZE, text.seq(), 1, probe.figures);
  }

  private static final class Probe implements CacheMethod {

    private final int layer;
    private final SequencedMap<String, Object> figures = new LinkedHashMap<>();
    private final List<double[]> peaks = new ArrayList<>();
    private final List<double[]> attention = new ArrayList<>();

    Probe(int layer) {
      this.layer = layer;
      figures.put("layer", layer);
      figures.put("peaks", peaks);
      figures.put("attention", attention);
    }

    @Override
    public StoredLayer store(LayerWindow window) {
      StoredLayer exact = EXACT.store(window);
      peaks.add(Buckets.largest(window.peaks(), window.tokens()));
      attention.add(new AttentionShare(window, exact.keys()).perToken());
      if (window.layer() == layer) {
        int width = window.shape().kvDim();
        figures.put("keys", Buckets.magnitudes(window.keys(), width));
        figures.put("keys_after_rope", Buckets.magnitudes(exact.keys(), width));
        float[] rotated = KeyRotations.rotated(window.keys(), window.shape());
        figures.put("keys_rotated", Buckets.magnitudes(rotated, width));
      }
      return exact;
    }
  }
}
