package io.rotatekv.eval.accuracy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalText;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One grade-school problem (GSM8K, Cobbe et al. 2021, arXiv 2110.14168).
 *
 * @param question the question
 * @param reasoning the steps to the answer, without the calculator's annotations
 * @param answer the number, without separators
 */
public record Gsm8kProblem(String question, String reasoning, String answer) {

  private static final Pattern ANNOTATION = Pattern.compile("<<[^>]*>>");
  private static final Pattern NUMBER = Pattern.compile("-?\\$?\\d[\\d,]*(\\.\\d+)?");
  private static final String ANSWER_MARK = "####";
  private static final String SAID = "The answer is ";

  /**
   * Reads the data set's lines of JSON.
   *
   * @throws EvalException naming the line that is none
   */
  public static List<Gsm8kProblem> read(EvalText file) {
    ObjectMapper mapper = new ObjectMapper();
    List<String> lines = file.content().lines().filter(line -> !line.isBlank()).toList();
    return lines.stream().map(line -> parse(line, file.name(), mapper)).toList();
  }

  private static Gsm8kProblem parse(String line, String file, ObjectMapper mapper) {
    try {
      JsonNode node = mapper.readTree(line);
      String worked = node.path("answer").asText();
      int mark = worked.indexOf(ANSWER_MARK);
      if (mark < 0 || node.path("question").asText().isEmpty()) {
        throw notOne(line, file, null);
      }
      return new Gsm8kProblem(
          node.get("question").asText().strip(),
          ANNOTATION.matcher(worked.substring(0, mark)).replaceAll("").strip(),
          plain(worked.substring(mark + ANSWER_MARK.length())));
    } catch (JsonProcessingException e) {
      throw notOne(line, file, e);
    }
  }

  private static EvalException notOne(String line, String file, @Nullable Throwable cause) {
    String begin = line.substring(0, Math.min(40, line.length()));
    return new EvalException(
        "%s: '%s…' is no problem of GSM8K: an object with 'question' and an 'answer' that ends in '#### N'"
            .formatted(file, begin),
        cause);
  }

  /** The problem as it is asked. */
  public String asked() {
    return "Question: " + question + "\nAnswer:";
  }

  /** The problem with its worked answer, as an example in a prompt. */
  public String shown() {
    return asked() + " " + reasoning.replace('\n', ' ') + " " + SAID + answer + ".\n\n";
  }

  /** Whether an answer is finished: it said its number, or begins the next question. */
  static boolean isComplete(String text) {
    int said = text.indexOf(SAID);
    return text.contains("\n\n")
        || text.contains("Question:")
        || (said >= 0 && text.indexOf(".", said) > said + SAID.length());
  }

  /** The number that an answer gives: after {@code The answer is}; empty if it gives none. */
  static String given(String text) {
    int said = text.indexOf(SAID);
    if (said < 0) {
      return "";
    }
    Matcher number = NUMBER.matcher(text).region(said + SAID.length(), text.length());
    return number.find() ? plain(number.group()) : "";
  }

  private static String plain(String number) {
    String digits = number.strip().replace(",", "").replace("$", "");
    return digits.contains(".") ? digits.replaceAll("\\.?0+$", "") : digits;
  }
}
