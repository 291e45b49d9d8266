package io.rotatekv.eval.accuracy;

import io.rotatekv.eval.run.EvalException;
import io.rotatekv.eval.run.EvalText;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A text that needles are hidden in; the same needles in every run. */
public final class Haystack {

  private static final List<String> PLACES =
      List.of("Skarvholm", "Velora", "Brindlecastle", "Tamarack Bay", "Oskarby", "New Harrow");

  private static final int LEAST = 10_000;
  private static final int BOUND = 100_000;

  private final EvalText text;
  private final Tokenizer tokenizer;
  private final int[] hay;

  /** Needles in a text. */
  public Haystack(EvalText text, Tokenizer tokenizer) {
    this.text = text;
    this.tokenizer = tokenizer;
    this.hay = tokenizer.encode(text.content(), true);
  }

  /**
   * What a model is given.
   *
   * @param context the text with the needle
   * @param question the question and the number that answers it
   * @param answerTokens tokens of the number, the last ones of {@code question}
   */
  public record Prompt(int[] context, int[] question, int answerTokens) {}

  EvalText text() {
    return text;
  }

  /**
   * A prompt of {@code length} tokens.
   *
   * @param depth where the needle is, in percent of the text before the question
   * @param sample selects the needle
   * @throws EvalException if the text or {@code length} is too short
   */
  Prompt prompt(int length, int depth, int sample) {
    SplittableRandom random = new SplittableRandom(31L * length + 7L * depth + 1009L * sample);
    String place = PLACES.get(random.nextInt(PLACES.size()));
    int number = random.nextInt(LEAST, BOUND);
    String sentence = "The secret number of " + place + " is";
    int[] needle = tokenizer.encode("\n" + sentence + " " + number + ".\n", false);
    String asked = "\nWhat is the secret number of " + place + "? " + sentence;
    int[] question = tokenizer.encode(asked, false);
    int[] whole = tokenizer.encode(asked + " " + number, false);
    int answerTokens = whole.length - commonLength(question, whole);
    int straw = length - needle.length - whole.length;
    if (straw < 1 || hay.length < straw) {
      throw new EvalException(
          "no haystack of %d tokens can be made of the %d tokens of %s; take a longer text or other --lengths"
              .formatted(length, hay.length, text.name()));
    }
    int at = (int) ((long) straw * depth / 100);
    int[] context = Arrays.copyOf(hay, straw + needle.length);
    System.arraycopy(needle, 0, context, at, needle.length);
    System.arraycopy(hay, at, context, at + needle.length, straw - at);
    return new Prompt(context, whole, answerTokens);
  }

  private static int commonLength(int[] a, int[] b) {
    int mismatch = Arrays.mismatch(a, b);
    return mismatch < 0 ? a.length : mismatch;
  }
}
