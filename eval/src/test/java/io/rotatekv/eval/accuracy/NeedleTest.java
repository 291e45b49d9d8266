package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.RunProgress;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NeedleTest {

  private static final Pattern NEEDLE =
      Pattern.compile("The secret number of [\\w ]+ is (\\d{5})\\.");
  private static final EvalText HAY = new EvalText("hay", "ab", "hay and straw. ".repeat(60));
  private static final EvalTarget TARGET = new EvalTarget("scripted", "00", ByteTokens.VOCABULARY);

  @TempDir Path state;

  private final Tokenizer tokenizer = ByteTokens.tokenizer();
  private final Haystack haystack = new Haystack(HAY, tokenizer);

  @AfterEach
  void close() {
    tokenizer.close();
  }

  /** The next character of the number that was hidden. */
  private static int recalled(String text) {
    Matcher needle = NEEDLE.matcher(text);
    String said = text.substring(text.lastIndexOf(" is") + " is".length());
    String answer = needle.find() ? " " + needle.group(1) : "";
    return answer.startsWith(said) && said.length() < answer.length()
        ? answer.charAt(said.length())
        : '?';
  }

  private EvalRow measure(Function<String, float[]> model) {
    return new Needle(TARGET, haystack, List.of(256, 400), List.of(0, 50, 100), 2)
        .measure(
            ScriptedCache.of(model), new EvalRun(state, "test", true, 2, RunProgress.Opener.NONE));
  }

  private String context(int length, int depth, int sample) {
    return tokenizer.decode(haystack.prompt(length, depth, sample).context());
  }

  @Test
  void promptsHaveTheLengthThatWasAskedFor() {
    for (int depth : new int[] {0, 33, 100}) {
      Haystack.Prompt prompt = haystack.prompt(300, depth, 0);
      assertEquals(300, prompt.context().length + prompt.question().length);
      assertEquals(" 12345".length(), prompt.answerTokens());
    }
  }

  @Test
  void theNeedleLiesAtItsDepthAndNothingOfTheHayIsLost() {
    String first = context(300, 0, 0);
    assertTrue(first.startsWith("\nThe secret number of "), first);
    String last = context(300, 100, 0);
    assertTrue(last.endsWith(".\n"), last);
    String middle = context(300, 50, 0);
    Matcher needle = Pattern.compile("\n[^\n]*\n").matcher(middle);
    assertTrue(needle.find());
    int straw = middle.length() - needle.group().length();
    assertEquals(straw / 2, needle.start());
    assertEquals(HAY.content().substring(0, straw), needle.replaceFirst(""));
  }

  @Test
  void theQuestionAsksForTheNumberThatIsHidden() {
    Haystack.Prompt prompt = haystack.prompt(300, 50, 1);
    Matcher needle = NEEDLE.matcher(tokenizer.decode(prompt.context()));
    assertTrue(needle.find());
    assertTrue(tokenizer.decode(prompt.question()).endsWith(" is " + needle.group(1)));
  }

  @Test
  void needlesAreTheSameInEveryRunAndDifferFromSampleToSample() {
    assertEquals(context(300, 50, 0), context(300, 50, 0));
    assertNotEquals(context(300, 50, 0), context(300, 50, 1));
  }

  @Test
  void aPromptShorterThanItsNeedleAndOneLongerThanTheTextAreRefused() {
    assertThrows(EvalException.class, () -> haystack.prompt(64, 0, 0));
    assertThrows(EvalException.class, () -> haystack.prompt(5000, 0, 0));
  }

  @Test
  void aModelThatRecallsTheNumberFindsEveryNeedle() {
    EvalRow row = measure(text -> ScriptedCache.likely(recalled(text), 3));
    assertEquals(1, row.number("accuracy"));
    assertEquals(1, row.number("mrr"));
    assertEquals(-Math.log(3 / (3.0 + ByteTokens.VOCABULARY - 1)), row.number("nll"), 1e-5);
    assertEquals(12, row.windows());
    assertEquals(400, row.seq());
  }

  @Test
  void theRightNumberInSecondPlaceIsAMissOfHalfTheReciprocalRank() {
    EvalRow row =
        measure(text -> {
          float[] logits = ScriptedCache.likely(recalled(text), 3);
          logits[0] = 9;
          return logits;
        });
    assertEquals(0, row.number("accuracy"));
    assertEquals(0.5, row.number("mrr"), 1e-9);
  }

  @Test
  void cellsTellWhereNeedlesAreLost() {
    // A model that sees the newest 150 characters only finds what is hidden at the end.
    EvalRow row =
        measure(text ->
            ScriptedCache.likely(recalled(text.substring(Math.max(0, text.length() - 150))), 3));
    List<?> cells = (List<?>) Objects.requireNonNull(row.figures().get("cells"));
    for (Object each : cells) {
      Needle.Cell cell = (Needle.Cell) each;
      assertEquals(cell.depth() == 100 ? 1 : 0, cell.exact(), cell.toString());
    }
    assertEquals(6, cells.size());
  }
}
