package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.StoredSize;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.Job;
import io.rotatekv.eval.run.WindowedText;
import io.rotatekv.eval.run.Worker;
import io.rotatekv.kernels.Team;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntConsumer;
import java.util.function.ToDoubleFunction;

/**
 * How far next-token distributions move from those with the reference cache: the mean KL divergence
 * and how often the most likely token is the same. Perplexity sees only the token that came; this
 * sees the whole distribution, so fewer windows tell two caches apart.
 */
public final class Divergence {

  private final EvalTarget target;
  private final WindowedText text;
  private final CacheUnderTest reference;

  /**
   * A measurement on a text.
   *
   * @param reference the FP16 cache
   */
  public Divergence(EvalTarget target, WindowedText text, CacheUnderTest reference) {
    this.target = target;
    this.text = text;
    this.reference = reference;
  }

  /**
   * One window's figures.
   *
   * @param kl mean KL divergence of its distributions, in nats
   * @param top1 share of positions whose most likely token is the reference's
   * @param stored what the cache took for it
   */
  public record Window(double kl, double top1, StoredSize stored) {}

  /** Measures a cache: {@code kl} and {@code top1} with their standard errors over windows. */
  public EvalRow measure(CacheUnderTest cache, EvalRun run) {
    List<Window> windows =
        run.run(
            new Job<>(
                "divergence of " + cache.name(),
                target
                    .key("kl", cache)
                    .with("reference", reference.identity())
                    .with("text", text.text().sha256())
                    .with("seq", text.seq()),
                text.windows().size(),
                text.seq(),
                "tokens",
                Window.class,
                cache.onGpu() ? 1 : Integer.MAX_VALUE,
                team -> new WindowWorker(cache, team)));
    Spread kl = spread(windows, Window::kl);
    Spread top1 = spread(windows, Window::top1);
    SequencedMap<String, Object> figures = new LinkedHashMap<>();
    figures.put("kl", kl.mean());
    figures.put("kl_stderr", kl.standardError());
    figures.put("top1", top1.mean());
    figures.put("top1_stderr", top1.standardError());
    figures.put("window_kl", windows.stream().map(Window::kl).toList());
    double avgBits =
        windows.stream()
            .map(Window::stored)
            .reduce(StoredSize.NONE, StoredSize::plus)
            .averageBits();
    return target.row("kl", cache, avgBits, text.seq(), windows.size(), figures);
  }

  private static Spread spread(List<Window> windows, ToDoubleFunction<Window> figure) {
    return Spread.of(windows.stream().mapToDouble(figure).toArray());
  }

  private final class WindowWorker extends Worker.OneByOne<Window> {

    private final CacheUnderTest cache;
    private final Engine engine;
    private final Team referenceTeam;
    private final Engine referenceEngine;

    WindowWorker(CacheUnderTest cache, Team team) {
      this.cache = cache;
      this.engine = cache.open(target.limits(text.seq()), team);
      this.referenceTeam = Team.of(team.size());
      this.referenceEngine = reference.open(target.limits(text.seq()), referenceTeam);
    }

    @Override
    protected Window measure(int item, IntConsumer progress) {
      int[] window = text.windows().get(item);
      Comparison comparison = new Comparison(progress);
      try (Sequence sequence = engine.open(BlockListener.NONE);
          LogitStream expected = LogitStream.start(referenceEngine, window, target.vocabulary())) {
        Output.LogitsConsumer consumer =
            (index, logits, offset) -> {
              float[] actual = new float[target.vocabulary()];
              System.arraycopy(logits, offset, actual, 0, actual.length);
              comparison.add(expected.next(), actual);
            };
        engine.run(List.of(new Step(sequence, window, new Output.Logits(consumer))));
        return comparison.window(cache.stored(sequence));
      }
    }

    @Override
    public void close() {
      engine.close();
      referenceEngine.close();
      referenceTeam.close();
    }
  }

  /** Sums over the positions of one window. */
  private static final class Comparison {

    private final IntConsumer progress;
    private double kl;
    private long agreements;
    private long positions;

    Comparison(IntConsumer progress) {
      this.progress = progress;
    }

    void add(float[] expected, float[] actual) {
      LogSoftmax.apply(expected);
      LogSoftmax.apply(actual);
      kl += LogSoftmax.divergence(expected, actual);
      agreements += LogSoftmax.top(expected) == LogSoftmax.top(actual) ? 1 : 0;
      positions++;
      progress.accept(1);
    }

    Window window(StoredSize stored) {
      return new Window(kl / positions, (double) agreements / positions, stored);
    }
  }
}
