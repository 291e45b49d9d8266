package io.rotatekv.cli;

import io.rotatekv.cli.console.CommandException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads text strictly: bytes that are no UTF-8 are an error, not a replacement character. */
final class Utf8Files {

  private Utf8Files() {}

  static String read(Path file) {
    return decode(file.toString(), bytes(file));
  }

  static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new CommandException("cannot read " + file, "check that the file exists", e);
    }
  }

  static String decode(String name, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new CommandException(
          "%s is not valid UTF-8".formatted(name), "convert it, for example with iconv", e);
    }
  }
}
