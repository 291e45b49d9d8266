package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.EvalModel;
import io.rotatekv.eval.cache.Reconstruction;
import io.rotatekv.eval.cache.StoredSize;
import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.Job;
import io.rotatekv.eval.run.WindowedText;
import io.rotatekv.eval.run.Worker;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.KvShape;
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
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * What is left of keys and values, per layer and head (Table 2 of RotateKV, arXiv 2501.16383).
 * Every layer sees exact inputs, so the errors of one do not add to the next's.
 *
 * <p>Keys are measured twice: quantized before RoPE, and quantized after it with what the cache
 * learned before it. RoPE is a rotation, so it does not matter on which side of it the error itself
 * is taken.
 */
public final class Reconstructions {

  private final EvalModel model;
  private final EvalTarget target;
  private final WindowedText text;

  /** A measurement on a text. */
  public Reconstructions(EvalModel model, WindowedText text) {
    this.model = model;
    this.target = EvalTarget.of(model.model());
    this.text = text;
  }

  /**
   * One layer's sums.
   *
   * @param keys keys quantized before RoPE
   * @param keysAfter keys quantized after RoPE
   * @param values values
   * @param losses what encoding lost
   * @param stored what the cache took
   */
  public record Layer(
      HeadErrors keys,
      HeadErrors keysAfter,
      HeadErrors values,
      Reconstruction.Losses losses,
      StoredSize stored) {

    Layer plus(Layer other) {
      return new Layer(
          keys.plus(other.keys),
          keysAfter.plus(other.keysAfter),
          values.plus(other.values),
          losses.plus(other.losses),
          stored.plus(other.stored));
    }
  }

  /** One window's sums, layer by layer. */
  public record Window(List<Layer> layers) {

    Window plus(Window other) {
      return new Window(
          IntStream.range(0, layers.size())
              .mapToObj(layer -> layers.get(layer).plus(other.layers.get(layer)))
              .toList());
    }
  }

  /** Measures a cache: relative and mean squared errors, clip rate, sinks, and each layer's. */
  public EvalRow measure(CacheUnderTest cache, EvalRun run) {
    Window sum =
        run
            .run(
                new Job<>(
                    "errors of " + cache.name(),
                    target
                        .key("mse", cache)
                        .with("text", text.text().sha256())
                        .with("seq", text.seq()),
                    text.windows().size(),
                    text.seq(),
                    "tokens",
                    Window.class,
                    Integer.MAX_VALUE,
                    team -> new WindowWorker(cache, team)))
            .stream()
            .reduce(Window::plus)
            .orElseThrow();
    Layer all = sum.layers().stream().reduce(Layer::plus).orElseThrow();
    SequencedMap<String, Object> figures = new LinkedHashMap<>();
    figures.put("key_error", mean(sum, layer -> layer.keys().relative()));
    figures.put("key_error_after_rope", mean(sum, layer -> layer.keysAfter().relative()));
    figures.put("value_error", mean(sum, layer -> layer.values().relative()));
    figures.put("key_mse", mean(sum, layer -> layer.keys().mse()));
    figures.put("value_mse", mean(sum, layer -> layer.values().mse()));
    figures.put("clip_rate", clipRate(all.losses()));
    figures.put("saturated_zeros", all.losses().saturatedZeros());
    figures.put("sinks", all.losses().sinks());
    figures.put("layers", sum.layers().stream().map(Reconstructions::line).toList());
    return target.row(
        "mse", cache, all.stored().averageBits(), text.seq(), text.windows().size(), figures);
  }

  private static double mean(Window sum, Function<Layer, Double> figure) {
    return sum.layers().stream().mapToDouble(figure::apply).average().orElseThrow();
  }

  private static double clipRate(Reconstruction.Losses losses) {
    return losses.codes() == 0 ? 0 : (double) losses.clipped() / losses.codes();
  }

  private static Map<String, Object> line(Layer layer) {
    return new LinkedHashMap<>(
        Map.of(
            "key_error", layer.keys().relativePerHead(),
            "key_error_after_rope", layer.keysAfter().relativePerHead(),
            "value_error", layer.values().relativePerHead(),
            "clip_rate", clipRate(layer.losses()),
            "sinks", layer.losses().sinks()));
  }

  private final class WindowWorker extends Worker.OneByOne<Window> implements CacheMethod {

    private final Reconstruction cache;
    private final Engine engine;
    private List<Layer> layers = new ArrayList<>();

    WindowWorker(CacheUnderTest cache, Team team) {
      this.cache =
          cache
              .reconstruction(team)
              .orElseThrow(() ->
                  new EvalException(
                      cache.name() + " does not show single layers; leave it out of 'eval mse'"));
      this.engine = model.probe(this, text.seq(), team);
    }

    @Override
    protected Window measure(int item, IntConsumer progress) {
      layers = new ArrayList<>();
      int[] window = text.windows().get(item);
      try (Sequence sequence = engine.open(BlockListener.NONE)) {
        engine.run(List.of(new Step(sequence, window, Output.NONE)));
      }
      progress.accept(window.length);
      return new Window(List.copyOf(layers));
    }

    @Override
    public StoredLayer store(LayerWindow window) {
      StoredLayer exact = EXACT.store(window);
      StoredLayer stored = cache.store(window);
      Reconstruction.Losses losses = cache.losses();
      StoredLayer after = cache.store(afterRope(window));
      layers.add(
          new Layer(
              errors(exact.keys(), stored.keys(), window.shape()),
              errors(exact.keys(), after.keys(), window.shape()),
              errors(exact.values(), stored.values(), window.shape()),
              losses,
              new StoredSize(stored.bits(), window.elements())));
      return exact;
    }

    private static HeadErrors errors(float[] exact, float[] actual, KvShape shape) {
      return HeadErrors.between(exact, actual, shape.kvHeads(), shape.headDim());
    }

    /** The same layer for a cache that would be given keys after RoPE. */
    private static LayerWindow afterRope(LayerWindow window) {
      return new LayerWindow(
          window.layer(),
          window.shape(),
          window.tokens(),
          window.rotated(window.keys()),
          window.values(),
          window.peaks(),
          window.queries(),
          window.queryRows(),
          (keys, tokens) -> {});
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}
