package io.rotatekv.model.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The alphabet of byte-level BPE (GPT-2, Radford et al. 2019), which writes each byte as a
 * printable character: bytes that print in Latin-1 as themselves, the other 68 from U+0100 on.
 */
final class ByteAlphabet {

  private static final int BYTES = 256;

  private final short[] bytes = new short[2 * BYTES]; // by character; -1 where there is none

  ByteAlphabet() {
    Arrays.fill(bytes, (short) -1);
    int next = BYTES;
    for (int value = 0; value < BYTES; value++) {
      boolean prints =
          (value >= '!' && value <= '~')
              || (value >= '\u00a1' && value <= '\u00ac')
              || value >= '\u00ae';
      bytes[prints ? value : next++] = (short) value;
    }
  }

  /** The bytes a token stands for; a token with foreign characters stands for its own UTF-8. */
  byte[] decode(String token) {
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(token.length());
    for (int i = 0; i < token.length(); i++) {
      char c = token.charAt(i);
      int value = c < bytes.length ? bytes[c] : -1;
      if (value < 0) {
        return token.getBytes(StandardCharsets.UTF_8);
      }
      decoded.write(value);
    }
    return decoded.toByteArray();
  }
}
