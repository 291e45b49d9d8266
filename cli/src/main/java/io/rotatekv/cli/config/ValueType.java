package io.rotatekv.cli.config;

import io.rotatekv.kernels.codec.CodecSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Reads the text of a value. */
@FunctionalInterface
public interface ValueType<T> {

  /** Any text. */
  ValueType<String> TEXT = text -> text;

  /** A path, or nothing where the text is empty. */
  ValueType<Optional<Path>> OPTIONAL_PATH =
      text -> text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));

  /** A TCP port; 0 lets the service choose a free one. */
  ValueType<Integer> PORT = integer(0, 65_535);

  /** The name of a KV codec. */
  ValueType<String> CODEC = text -> CodecSpec.parse(text).name();

  /** A number of bytes such as {@code 2GiB}. */
  ValueType<Long> BYTES = text -> ByteSize.parse(text).bytes();

  /** A length of time such as {@code 500ms}. */
  ValueType<Duration> DURATION = Durations::parse;

  /** A share of a whole such as {@code 95%}, from 0 to 1. */
  ValueType<Double> SHARE = ValueType::share;

  /**
   * The value of a text.
   *
   * @throws IllegalArgumentException saying what was expected instead
   */
  T parse(String text);

  /** A whole number between two bounds, both included. */
  static ValueType<Integer> integer(int least, int most) {
    return text -> {
      try {
        int value = Integer.parseInt(text);
        if (value >= least && value <= most) {
          return value;
        }
      } catch (NumberFormatException e) {
        // Falls through: one message for "no number" and "out of bounds".
      }
      throw new IllegalArgumentException(
          most == Integer.MAX_VALUE
              ? "'%s' is not a whole number of at least %d".formatted(text, least)
              : "'%s' is not a whole number from %d to %d".formatted(text, least, most));
    };
  }

  /** One of some words. */
  static ValueType<String> oneOf(String... words) {
    List<String> known = List.of(words);
    return text -> {
      if (known.contains(text)) {
        return text;
      }
      throw new IllegalArgumentException("'%s' is not one of %s".formatted(text, known));
    };
  }

  private static double share(String text) {
    String number = text.strip();
    if (number.endsWith("%")) {
      try {
        double percent = Double.parseDouble(number.substring(0, number.length() - 1));
        if (percent >= 0 && percent <= 100) {
          return percent / 100;
        }
      } catch (NumberFormatException e) {
        // Falls through to the same message.
      }
    }
    throw new IllegalArgumentException("'%s' is not a share; write it as 95%%".formatted(text));
  }
}
