package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalText;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class Gsm8kProblemTest {

  private static List<Gsm8kProblem> read(String lines) {
    return Gsm8kProblem.read(new EvalText("problems.jsonl", "ab", lines));
  }

  @Test
  void anExampleShowsTheStepsWithoutTheCalculatorAndEndsInTheNumber() {
    Gsm8kProblem problem =
        read("""
        {"question": "Two and two?", "answer": "2+2=<<2+2=4>>4.\\nSo 1,004 no, 4.\\n#### 1,004"}

        """)
            .getFirst();
    assertEquals(
        "Question: Two and two?\nAnswer: 2+2=4. So 1,004 no, 4. The answer is 1004.\n\n",
        problem.shown());
  }

  @Test
  void whatIsNoProblemIsNamed() {
    EvalException error =
        assertThrows(EvalException.class, () -> read("{\"question\": \"q\", \"answer\": \"4\"}"));
    assertTrue(
        String.valueOf(error.getMessage()).startsWith("problems.jsonl: '{\"question\""),
        error::getMessage);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "So 3. The answer is 18.            | 18",
        "The answer is $1,234.50.           | 1234.5",
        "The answer is -7 apples.           | -7",
        "The answer is 18.00 dollars.       | 18",
        "The answer is 100.                 | 100",
        "The answer is eighteen, or 18.     | 18",
        "It is 18.                          | ''",
        "The answer is unknown.             | ''",
      })
  void theNumberAfterTheAnswerCounts(String text, String number) {
    assertEquals(number, Gsm8kProblem.given(text));
  }

  @Test
  void anAnswerEndsWithItsNumbersSentenceOrTheNextQuestion() {
    assertFalse(Gsm8kProblem.isComplete(" 2 + 2. The answer is"));
    assertFalse(Gsm8kProblem.isComplete(" 2 + 2. The answer is 4"));
    assertTrue(Gsm8kProblem.isComplete(" 2 + 2. The answer is 4."));
    assertTrue(Gsm8kProblem.isComplete(" 4\nQuestion:"));
    assertTrue(Gsm8kProblem.isComplete(" 4\n\n"));
  }
}
