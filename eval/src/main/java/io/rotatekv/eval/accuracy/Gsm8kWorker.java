package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.cache.CacheUnderTest;
import io.rotatekv.eval.run.Items;
import io.rotatekv.eval.run.Worker;
import io.rotatekv.kernels.ops.MatMul;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Answers questions several at a time: weights are read once for all of them, and the examples'
 * blocks are computed once.
 */
final class Gsm8kWorker implements Worker<Gsm8k.Answer> {

  /** The most rows that the CPU's products take on the path of one alone. */
  private static final int CPU_BATCH = MatMul.BATCH_ROWS - 1;

  private static final int GPU_BATCH = 32;
  private static final Output GREEDY = new Output.Sample(Sampling.GREEDY);

  private final CacheUnderTest cache;
  private final Engine engine;
  private final Tokenizer tokenizer;
  private final List<int[]> prompts;
  private final List<Gsm8kProblem> questions;
  private final int maxTokens;
  private final PrefixBlocks prefix;

  Gsm8kWorker(
      CacheUnderTest cache,
      Engine engine,
      Tokenizer tokenizer,
      int[] prefix,
      List<int[]> prompts,
      List<Gsm8kProblem> questions,
      int maxTokens) {
    this.cache = cache;
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.prompts = prompts;
    this.questions = questions;
    this.maxTokens = maxTokens;
    this.prefix = PrefixBlocks.compute(engine, prefix);
  }

  /** A question that is being answered. */
  private final class Open {

    private final int item;
    private final Sequence sequence;
    private final List<Integer> answer = new ArrayList<>();
    private int[] next;

    Open(int item) {
      this.item = item;
      this.sequence = engine.open(BlockListener.NONE);
      this.next = prefix.load(sequence, prompts.get(item));
    }

    Step step() {
      return new Step(sequence, next, GREEDY);
    }

    /** Takes the next token; whether the answer is complete. */
    boolean accept(int token) {
      if (tokenizer.isEndOfGeneration(token)) {
        return true;
      }
      answer.add(token);
      next = new int[] {token};
      return answer.size() >= maxTokens || Gsm8kProblem.isComplete(text());
    }

    String text() {
      return tokenizer.decode(answer.stream().mapToInt(Integer::intValue).toArray());
    }

    Gsm8k.Answer close() {
      String given = Gsm8kProblem.given(text());
      boolean correct = given.equals(questions.get(item).answer());
      try (sequence) {
        return new Gsm8k.Answer(given, correct, text(), cache.stored(sequence));
      }
    }
  }

  @Override
  public void work(Items<Gsm8k.Answer> items) {
    List<Open> open = new ArrayList<>();
    try {
      while (refill(open, items)) {
        int[] tokens = engine.run(open.stream().map(Open::step).toList());
        for (int i = open.size() - 1; i >= 0; i--) {
          if (open.get(i).accept(tokens[i])) {
            Open done = open.remove(i);
            items.finish(done.item, done.close());
            items.advance(1);
          }
        }
      }
    } finally {
      open.forEach(question -> question.sequence.close());
    }
  }

  private boolean refill(List<Open> open, Items<Gsm8k.Answer> items) {
    int most = cache.onGpu() ? GPU_BATCH : CPU_BATCH;
    while (open.size() < most) {
      OptionalInt item = items.take();
      if (item.isEmpty()) {
        break;
      }
      open.add(new Open(item.getAsInt()));
    }
    return !open.isEmpty();
  }

  @Override
  public void close() {
    prefix.close();
    engine.close();
  }
}
