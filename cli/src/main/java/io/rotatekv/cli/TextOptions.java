package io.rotatekv.cli;

import io.rotatekv.cli.console.CommandException;
import io.rotatekv.model.Model;
import io.rotatekv.model.calibration.Calibration;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import picocli.CommandLine.Option;

/** The text that a command reads. */
final class TextOptions {

  @Option(
      names = "--text",
      required = true,
      paramLabel = "FILE",
      description = "A UTF-8 text file.")
  private Path file = Path.of("");

  /**
   * The first tokens of the text, with what the model puts before a text.
   *
   * @throws CommandException if it cannot be read or has no whole block of 64 tokens
   */
  int[] tokens(Model model, int most) {
    int[] tokens = model.tokenizer().encode(Utf8Files.read(file), true);
    if (tokens.length < 64) {
      throw new CommandException(
          "%s has only %d tokens".formatted(file, tokens.length), "take a text of at least 64");
    }
    return Arrays.copyOf(tokens, Math.min(most, tokens.length));
  }

  /** The file's name and the beginning of its text's SHA-256. */
  String name() {
    byte[] hash;
    try {
      hash = MessageDigest.getInstance("SHA-256").digest(Utf8Files.bytes(file));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    String digits = HexFormat.of().formatHex(hash).substring(0, Calibration.TEXT_HASH_DIGITS);
    return file.getFileName() + " " + digits;
  }
}
