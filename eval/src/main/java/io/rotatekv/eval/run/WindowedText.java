package io.rotatekv.eval.run;

import io.rotatekv.model.Model;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A text as the authors of RotateKV and GPTQ cut it: tokenized whole, with what the model puts
 * before a text, then windows that do not overlap, from its beginning. What does not fill a window
 * is left out.
 *
 * @param text the text
 * @param seq tokens of a window
 * @param windows {@code seq} tokens each
 */
public record WindowedText(EvalText text, int seq, List<int[]> windows) {

  public WindowedText {
    windows = List.copyOf(windows);
  }

  /**
   * Cuts a text.
   *
   * @param most the most windows; 0 for all
   * @throws EvalException if the text is shorter than one window, or the model attends over less
   */
  public static WindowedText of(EvalText text, Model model, int seq, int most) {
    int context = model.config().contextLength();
    if (seq > context) {
      throw new EvalException(
          "windows of %d tokens are beyond the %d that model %s was trained for; take a smaller --seq"
              .formatted(seq, context, model.config().name()));
    }
    return of(text, model.tokenizer().encode(text.content(), true), seq, most);
  }

  static WindowedText of(EvalText text, int[] tokens, int seq, int most) {
    int count = tokens.length / seq;
    if (count == 0) {
      throw new EvalException(
          "%s has %d tokens, less than one window of %d; take a longer text or a smaller --seq"
              .formatted(text.name(), tokens.length, seq));
    }
    return new WindowedText(
        text,
        seq,
        IntStream.range(0, most == 0 ? count : Math.min(most, count))
            .mapToObj(i -> Arrays.copyOfRange(tokens, i * seq, (i + 1) * seq))
            .toList());
  }
}
