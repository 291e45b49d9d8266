package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.cache.StoredSize;
import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.Job;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/**
 * GSM8K with a chain of thought (Wei et al. 2022, arXiv 2201.11903): worked examples, then the
 * question; greedy; an answer is right if the number after {@code The answer is} equals the data
 * set's.
 */
public final class Gsm8k {

  private final EvalTarget target;
  private final Tokenizer tokenizer;
  private final String keyText;
  private final List<Gsm8kProblem> questions;
  private final String examples;
  private final int maxTokens;

  /**
   * A measurement.
   *
   * @param questions the test problems
   * @param shots the file that the first {@code shotCount} examples are taken from
   * @param limit the most questions; 0 for all
   * @param maxTokens the most tokens of an answer
   * @throws EvalException if there are fewer examples than asked for
   */
  public Gsm8k(
      EvalTarget target,
      Tokenizer tokenizer,
      EvalText questions,
      EvalText shots,
      int shotCount,
      int limit,
      int maxTokens) {
    List<Gsm8kProblem> all = Gsm8kProblem.read(questions);
    List<Gsm8kProblem> examples = Gsm8kProblem.read(shots);
    if (examples.size() < shotCount) {
      throw new EvalException(
          "%s has %d problems, fewer than the %d shots asked for"
              .formatted(shots.name(), examples.size(), shotCount));
    }
    this.target = target;
    this.tokenizer = tokenizer;
    this.questions = limit == 0 ? all : all.subList(0, Math.min(limit, all.size()));
    this.examples =
        examples.subList(0, shotCount).stream()
            .map(Gsm8kProblem::shown)
            .collect(Collectors.joining());
    this.maxTokens = maxTokens;
    this.keyText = questions.sha256() + " " + shots.sha256() + " " + shotCount;
  }

  /**
   * What a question came to.
   *
   * @param given the number the answer gave, empty if none
   * @param correct whether it is the right one
   * @param text the answer
   * @param stored what the cache took for prompt and answer
   */
  public record Answer(String given, boolean correct, String text, StoredSize stored) {}

  /** Measures a cache: {@code accuracy} with its 95 % Wilson interval, and who gave no number. */
  public EvalRow measure(CacheUnderTest cache, EvalRun run) {
    int[] prefix = tokenizer.encode(examples, true);
    List<int[]> prompts =
        questions.stream()
            .map(question -> tokenizer.encode(examples + question.asked(), true))
            .toList();
    int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
    List<Answer> answers =
        run.run(
            new Job<>(
                "GSM8K with " + cache.name(),
                target.key("gsm8k", cache).with("texts", keyText).with("max-tokens", maxTokens),
                questions.size(),
                1,
                "questions",
                Answer.class,
                cache.onGpu() ? 1 : Integer.MAX_VALUE,
                team ->
                    new Gsm8kWorker(
                        cache,
                        cache.open(target.limits(longest + maxTokens), team),
                        tokenizer,
                        prefix,
                        prompts,
                        questions,
                        maxTokens)));
    long correct = answers.stream().filter(Answer::correct).count();
    WilsonInterval interval = WilsonInterval.of(correct, answers.size());
    SequencedMap<String, Object> figures = new LinkedHashMap<>();
    figures.put("accuracy", (double) correct / answers.size());
    figures.put("accuracy_low", interval.low());
    figures.put("accuracy_high", interval.high());
    figures.put("correct", correct);
    figures.put("no_number", answers.stream().filter(a -> a.given().isEmpty()).count());
    double avgBits =
        answers.stream()
            .map(Answer::stored)
            .reduce(StoredSize.NONE, StoredSize::plus)
            .averageBits();
    return target.row("gsm8k", cache, avgBits, longest, answers.size(), figures);
  }
}
