package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.StoredSize;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.Job;
import io.rotatekv.eval.run.Worker;
import io.rotatekv.kernels.Team;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.LogProbability;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntConsumer;
import java.util.function.Predicate;

/**
 * A needle in a haystack (Kamradt 2023): a sentence with a number is put into a text, at several
 * lengths and depths, and asked for at its end. Exact match says whether greedy decoding gives the
 * number; since a small model may fail that with any cache, the rank of each of its tokens among
 * the whole vocabulary is scored as well.
 */
public final class Needle {

  private final EvalTarget target;
  private final Haystack haystack;
  private final List<Integer> lengths;
  private final List<Integer> depths;
  private final int samples;

  /**
   * A measurement.
   *
   * @param lengths tokens of prompt and answer together
   * @param depths where the needle is, in percent of the text
   * @param samples needles for each length and depth
   */
  public Needle(
      EvalTarget target,
      Haystack haystack,
      List<Integer> lengths,
      List<Integer> depths,
      int samples) {
    this.target = target;
    this.haystack = haystack;
    this.lengths = List.copyOf(lengths);
    this.depths = List.copyOf(depths);
    this.samples = samples;
  }

  /**
   * One needle's score.
   *
   * @param length tokens of prompt and answer
   * @param depth percent
   * @param exact whether greedy decoding gives the number
   * @param reciprocalRank mean of 1 / rank over the number's tokens: 1 where each is the likeliest
   * @param nll mean negative log-likelihood of the number's tokens, in nats
   * @param stored what the cache took
   */
  public record Find(
      int length, int depth, boolean exact, double reciprocalRank, double nll, StoredSize stored) {}

  /**
   * The mean of one cell of the heat map.
   *
   * @param length tokens
   * @param depth percent
   * @param exact share of exact matches
   * @param mrr mean reciprocal rank
   */
  public record Cell(int length, int depth, double exact, double mrr) {}

  /** Measures a cache: {@code accuracy} with its interval, {@code mrr}, {@code nll}, the cells. */
  public EvalRow measure(CacheUnderTest cache, EvalRun run) {
    int count = lengths.size() * depths.size() * samples;
    List<Find> finds =
        run.run(
            new Job<>(
                "needles with " + cache.name(),
                target
                    .key("needle", cache)
                    .with("text", haystack.text().sha256())
                    .with("cells", lengths + " " + depths + " " + samples),
                count,
                1,
                "needles",
                Find.class,
                cache.onGpu() ? 1 : Integer.MAX_VALUE,
                team -> new NeedleWorker(cache, team)));
    long exact = finds.stream().filter(Find::exact).count();
    WilsonInterval interval = WilsonInterval.of(exact, count);
    SequencedMap<String, Object> figures = new LinkedHashMap<>();
    figures.put("accuracy", (double) exact / count);
    figures.put("accuracy_low", interval.low());
    figures.put("accuracy_high", interval.high());
    figures.put("mrr", finds.stream().mapToDouble(Find::reciprocalRank).average().orElseThrow());
    figures.put("nll", finds.stream().mapToDouble(Find::nll).average().orElseThrow());
    figures.put("cells", cells(finds));
    double avgBits =
        finds.stream().map(Find::stored).reduce(StoredSize.NONE, StoredSize::plus).averageBits();
    int longest = lengths.stream().mapToInt(Integer::intValue).max().orElseThrow();
    return target.row("needle", cache, avgBits, longest, count, figures);
  }

  private List<Cell> cells(List<Find> finds) {
    List<Cell> cells = new ArrayList<>();
    for (int length : lengths) {
      for (int depth : depths) {
        Predicate<Find> here = find -> find.length() == length && find.depth() == depth;
        List<Find> cell = finds.stream().filter(here).toList();
        cells.add(
            new Cell(
                length,
                depth,
                cell.stream().mapToInt(find -> find.exact() ? 1 : 0).average().orElseThrow(),
                cell.stream().mapToDouble(Find::reciprocalRank).average().orElseThrow()));
      }
    }
    return cells;
  }

  private final class NeedleWorker extends Worker.OneByOne<Find> {

    private final CacheUnderTest cache;
    private final Engine engine;

    NeedleWorker(CacheUnderTest cache, Team team) {
      int longest = lengths.stream().mapToInt(Integer::intValue).max().orElseThrow();
      this.cache = cache;
      this.engine = cache.open(target.limits(longest), team);
    }

    @Override
    protected Find measure(int item, IntConsumer progress) {
      int sample = item % samples;
      int depth = depths.get(item / samples % depths.size());
      int length = lengths.get(item / samples / depths.size());
      Haystack.Prompt prompt = haystack.prompt(length, depth, sample);
      Score score = new Score(prompt);
      try (Sequence sequence = engine.open(BlockListener.NONE)) {
        engine.run(List.of(new Step(sequence, prompt.context(), Output.NONE)));
        sequence.seal();
        engine.run(List.of(new Step(sequence, prompt.question(), new Output.Logits(score))));
        progress.accept(1);
        return score.find(length, depth, cache.stored(sequence));
      }
    }

    @Override
    public void close() {
      engine.close();
    }
  }

  /** Scores the tokens of the number as they are predicted. */
  private final class Score implements Output.LogitsConsumer {

    private final Haystack.Prompt prompt;
    private boolean exact = true;
    private double reciprocals;
    private double nll;

    Score(Haystack.Prompt prompt) {
      this.prompt = prompt;
    }

    @Override
    public void accept(int index, float[] logits, int offset) {
      int[] question = prompt.question();
      if (index + 1 < question.length - prompt.answerTokens() || index + 1 >= question.length) {
        return;
      }
      int token = question[index + 1];
      int rank = 1;
      for (int id = 0; id < target.vocabulary(); id++) {
        rank += logits[offset + id] > logits[offset + token] ? 1 : 0;
      }
      exact &= rank == 1;
      reciprocals += 1.0 / rank;
      nll -= LogProbability.of(logits, offset, target.vocabulary(), token);
    }

    Find find(int length, int depth, StoredSize stored) {
      int n = prompt.answerTokens();
      return new Find(length, depth, exact, reciprocals / n, nll / n, stored);
    }
  }
}
