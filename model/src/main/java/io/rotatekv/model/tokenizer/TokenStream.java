package io.rotatekv.model.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Decodes token by token. A character of several bytes comes out whole, with the token that brings
 * its last byte; bytes that can never become a character come out as U+FFFD. For one thread.
 */
public final class TokenStream {

  private static final int LONGEST_CHARACTER = 4; // bytes of UTF-8

  private final Pieces pieces;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer pending = ByteBuffer.allocate(64);

  TokenStream(Pieces pieces) {
    this.pieces = pieces;
  }

  /**
   * Takes the next token and gives the text it completes, often all of its own, sometimes none.
   *
   * @throws IllegalArgumentException if the id is not in the vocabulary
   */
  public String push(int id) {
    byte[] bytes = pieces.bytes(id);
    if (bytes.length > pending.remaining()) {
      pending = ByteBuffer.allocate(2 * (pending.position() + bytes.length)).put(pending.flip());
    }
    pending.put(bytes);
    return decode(false);
  }

  /** Ends the stream and gives U+FFFD for an unfinished character, else nothing. */
  public String finish() {
    return decode(true);
  }

  private String decode(boolean end) {
    pending.flip();
    CharBuffer text = CharBuffer.allocate(pending.remaining() + LONGEST_CHARACTER);
    decoder.decode(pending, text, end);
    if (end) {
      decoder.flush(text);
      decoder.reset();
    }
    pending.compact();
    return text.flip().toString();
  }
}
