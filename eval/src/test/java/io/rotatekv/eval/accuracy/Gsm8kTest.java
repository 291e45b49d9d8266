package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalRow;
import io.rotatekv.eval.run.EvalRun;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.eval.run.RunProgress;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that answers by the letter that a question is about. */
final class Gsm8kTest {

  private static final EvalText SHOTS =
      new EvalText(
          "shots",
          "aa",
          """
          {"question": "How many legs do two birds have?", "answer": "2 * 2 = <<2*2=4>>4\\n#### 4"}
          """);

  private static final EvalTarget TARGET = new EvalTarget("scripted", "00", ByteTokens.VOCABULARY);

  private static final int MAX_TOKENS = 40;

  /** Answers with more than the end of their number, since a model goes on. */
  private static final Map<Character, String> ANSWERS =
      Map.of(
          'A', " It is 3. The answer is 7. Then",
          'B', " The answer is 8. Then",
          'C', " I go on and on and on and on and on and on and on",
          'D', " The answer is 1,234.\n\nQuestion: more");

  @TempDir Path state;

  private static float[] answer(String text) {
    int asked = text.lastIndexOf("Question: ");
    char letter = text.charAt(asked + "Question: ".length());
    int said = text.length() - text.indexOf("Answer:", asked) - "Answer:".length();
    String answer = ANSWERS.getOrDefault(letter, "");
    int next = said < answer.length() ? answer.charAt(said) : ByteTokens.END;
    return ScriptedCache.likely(next, 3);
  }

  private static String question(String letter, String answer) {
    return "{\"question\": \"%s?\", \"answer\": \"so\\n#### %s\"}\n".formatted(letter, answer);
  }

  private EvalRow measure(ScriptedCache cache, String questions, int limit) {
    try (Tokenizer tokenizer = ByteTokens.tokenizer()) {
      EvalText text = new EvalText("questions", "bb", questions);
      return new Gsm8k(TARGET, tokenizer, text, SHOTS, 1, limit, MAX_TOKENS)
          .measure(cache, new EvalRun(state, "test", true, 1, RunProgress.Opener.NONE));
    }
  }

  @Test
  void answersAreComparedWithTheirOwnQuestions() {
    String questions =
        question("A", "7") + question("B", "9") + question("C", "5") + question("D", "1234");
    EvalRow row = measure(ScriptedCache.of(Gsm8kTest::answer), questions, 0);
    assertEquals(4, row.windows());
    assertEquals(2, row.number("correct")); // A and D
    assertEquals(0.5, row.number("accuracy"));
    assertEquals(1, row.number("no_number")); // C, stopped at its limit
    assertTrue(row.number("accuracy_low") < 0.5 && row.number("accuracy_high") > 0.5);
    assertEquals(4, row.avgBits());
  }

  @Test
  void moreQuestionsThanOneBatchHoldsAreAllAnswered() {
    String questions = (question("A", "7") + question("B", "9")).repeat(9);
    EvalRow row = measure(ScriptedCache.of(Gsm8kTest::answer), questions, 0);
    assertEquals(18, row.windows());
    assertEquals(9, row.number("correct"));
  }

  @Test
  void theEndOfGenerationEndsAnAnswerWithoutANumber() {
    EvalRow row = measure(ScriptedCache.of(Gsm8kTest::answer), question("E", "7"), 0);
    assertEquals(0, row.number("correct"));
    assertEquals(1, row.number("no_number"));
  }

  @Test
  void theExamplesAreComputedOnceAndAnAnswerEndsWithItsNumber() {
    ScriptedCache cache = ScriptedCache.of(Gsm8kTest::answer);
    measure(cache, question("A", "7").repeat(3), 0);
    String examples = Gsm8kProblem.read(SHOTS).getFirst().shown();
    int blocks = examples.length() / 64;
    int asked = examples.length() + "Question: A?\nAnswer:".length();
    // Every token of the answer but the last is run to get the next one.
    int answered = " It is 3. The answer is 7.".length() - 1;
    assertEquals(64 * blocks + 3 * (asked - 64 * blocks + answered), cache.computed().get());
  }

  @Test
  void onlyAsManyQuestionsAsAskedForAreTaken() {
    String questions = question("A", "7") + question("B", "8");
    EvalRow row = measure(ScriptedCache.of(Gsm8kTest::answer), questions, 1);
    assertEquals(1, row.windows());
  }

  @Test
  void moreExamplesThanThereAreAreRefused() {
    try (Tokenizer tokenizer = ByteTokens.tokenizer()) {
      EvalText questions = new EvalText("questions", "bb", question("A", "7"));
      assertThrows(
          EvalException.class,
          () -> new Gsm8k(TARGET, tokenizer, questions, SHOTS, 2, 0, MAX_TOKENS));
    }
  }
}
