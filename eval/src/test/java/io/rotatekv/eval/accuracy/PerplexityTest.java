package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.RunProgress;
import io.rotatekv.eval.run.WindowedText;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PerplexityTest {

  @TempDir Path state;

  private Perplexity.Result measure(int[] tokens, int seq, int windows) {
    EvalText text = new EvalText("text", "ab", "");
    WindowedText cut =
        new WindowedText(
            text,
            seq,
            IntStream.range(0, windows)
                .mapToObj(i -> Arrays.copyOfRange(tokens, i * seq, (i + 1) * seq))
                .toList());
    return new Perplexity(CountingCache.TARGET, cut)
        .measure(
            new CountingCache("counting", 3),
            new EvalRun(state, "test", false, 2, RunProgress.Opener.NONE));
  }

  @Test
  void aPredictedTextHasThePerplexityOfItsProbability() {
    int[] counting = IntStream.range(0, 200).map(i -> i % CountingCache.VOCABULARY).toArray();
    Perplexity.Result result = measure(counting, 64, 3);
    assertEquals(2.0, result.ppl(), 1e-6); // each next token has probability 3 / 6
    assertEquals(3 * 63, result.tokens());
    assertEquals(4, result.avgBits());
  }

  @Test
  void windowsAreScoredApartAndTheirFirstTokensNotAtAll() {
    int[] tokens = {0, 1, 0, 1, 2, 2};
    Perplexity.Result result = measure(tokens, 2, 3);
    assertEquals(Math.log(2), result.windows().get(0).nll(), 1e-6);
    assertEquals(Math.log(2), result.windows().get(1).nll(), 1e-6);
    assertEquals(Math.log(6), result.windows().get(2).nll(), 1e-6);
    assertEquals(Math.exp((2 * Math.log(2) + Math.log(6)) / 3), result.ppl(), 1e-6);
  }
}
