package io.rotatekv.eval.run;

import io.rotatekv.model.calibration.Calibration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A text that is scored.
 *
 * @param name its file's name
 * @param sha256 SHA-256 of its bytes in hexadecimal digits
 * @param content the text
 */
public record EvalText(String name, String sha256, String content) {

  /**
   * Reads a file.
   *
   * @throws EvalException if it cannot be read or is no UTF-8
   */
  public static EvalText read(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      String content =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return new EvalText(String.valueOf(file.getFileName()), hash(bytes), content);
    } catch (CharacterCodingException e) {
      throw new EvalException(file + " is not valid UTF-8; convert it, for example with iconv", e);
    } catch (IOException e) {
      throw new EvalException("cannot read %s; check that the file exists".formatted(file), e);
    }
  }

  private static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /**
   * Refuses to be scored by what was learned from this very text.
   *
   * @throws EvalException naming both
   */
  public void requireUnseen(String codec, Calibration calibration) {
    if (calibration.isMadeFrom(sha256)) {
      throw seen(codec);
    }
  }

  /** The refusal to score what learned from this very text. */
  public EvalException seen(String codec) {
    return new EvalException(
        ("%s was calibrated on %s, so its figures on this text would flatter it; score another"
                + " text, or calibrate on another with 'rotatekv calibrate'")
            .formatted(codec, name));
  }
}
