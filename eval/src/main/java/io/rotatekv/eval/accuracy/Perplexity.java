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
import io.rotatekv.model.engine.LogProbability;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntConsumer;

/**
 * Perplexity over non-overlapping windows, as the authors of RotateKV (arXiv 2501.16383) and GPTQ
 * measure it: each window starts with an empty cache, its first token is not predicted, and the
 * figure is the exponential of the mean negative log-likelihood of all others.
 */
public final class Perplexity {

  private final EvalTarget target;
  private final WindowedText text;

  /** A measurement on a text. */
  public Perplexity(EvalTarget target, WindowedText text) {
    this.target = target;
    this.text = text;
  }

  /**
   * One window's figures.
   *
   * @param nll mean negative log-likelihood of its predicted tokens, in nats
   * @param stored what the cache took for it
   */
  public record Window(double nll, StoredSize stored) {}

  /**
   * The figures of one cache.
   *
   * @param ppl perplexity
   * @param tokens predicted tokens
   * @param avgBits bits per element as stored, all metadata counted
   * @param windows the windows in order
   */
  public record Result(double ppl, long tokens, double avgBits, List<Window> windows) {

    static Result of(List<Window> windows, int seq) {
      double mean = windows.stream().mapToDouble(Window::nll).average().orElseThrow();
      StoredSize stored =
          windows.stream().map(Window::stored).reduce(StoredSize.NONE, StoredSize::plus);
      return new Result(
          Math.exp(mean), (long) windows.size() * (seq - 1), stored.averageBits(), windows);
    }

    /** As a row: {@code ppl}, {@code tokens} and {@code window_nll}. */
    public EvalRow row(EvalTarget target, CacheUnderTest cache, WindowedText text) {
      SequencedMap<String, Object> figures = new LinkedHashMap<>();
      figures.put("ppl", ppl);
      figures.put("tokens", tokens);
      figures.put("window_nll", windows.stream().map(Window::nll).toList());
      return target.row("ppl", cache, avgBits, text.seq(), windows.size(), figures);
    }
  }

  /** Measures a cache. */
  public Result measure(CacheUnderTest cache, EvalRun run) {
    List<Window> windows =
        run.run(
            new Job<>(
                "perplexity of " + cache.name(),
                target.key("ppl", cache).with("text", text.text().sha256()).with("seq", text.seq()),
                text.windows().size(),
                text.seq(),
                "tokens",
                Window.class,
                cache.onGpu() ? 1 : Integer.MAX_VALUE,
                team -> new WindowWorker(cache, team)));
    return Result.of(windows, text.seq());
  }

  private final class WindowWorker extends Worker.OneByOne<Window> {

    private final CacheUnderTest cache;
    private final Engine engine;

    WindowWorker(CacheUnderTest cache, Team team) {
      this.cache = cache;
      this.engine = cache.open(target.limits(text.seq()), team);
    }

    @Override
    protected Window measure(int item, IntConsumer progress) {
      try (Sequence sequence = engine.open(BlockListener.NONE)) {
        double nll = negativeLogLikelihood(sequence, text.windows().get(item), progress);
        return new Window(nll / (text.seq() - 1), cache.stored(sequence));
      }
    }

    private double negativeLogLikelihood(Sequence sequence, int[] window, IntConsumer progress) {
      double[] sum = new double[1];
      Output.LogitsConsumer consumer =
          (index, logits, offset) -> {
            if (index + 1 < window.length) {
              sum[0] -= LogProbability.of(logits, offset, target.vocabulary(), window[index + 1]);
            }
            progress.accept(1);
          };
      engine.run(List.of(new Step(sequence, window, new Output.Logits(consumer))));
      return sum[0];
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}
