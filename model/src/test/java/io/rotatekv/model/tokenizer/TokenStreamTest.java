package io.rotatekv.model.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TokenStreamTest {

  private final TokenStream stream = new TokenStream(Pieces.read(byteTokens(), "test"));

  @Test
  void holdsACharacterUntilItIsWhole() {
    assertEquals("", push(0xf0));
    assertEquals("", push(0x9f));
    assertEquals("", push(0x98));
    assertEquals("😀", push(0x80));
    assertEquals("a", push('a'));
    assertEquals("", stream.finish());
  }

  @Test
  void replacesWhatCannotBecomeACharacter() {
    assertEquals("", push(0xf0));
    assertEquals("\ufffda", push('a'));
    assertEquals("\ufffd", push(0x80));
    assertEquals("\ufffd", push(0xff));
  }

  @Test
  void endsAnUnfinishedCharacterVisibly() {
    assertEquals("", push(0xe4));
    assertEquals("", push(0xb8));
    assertEquals("\ufffd", stream.finish());
  }

  @Test
  void longTokensFit() {
    assertEquals("", push(0xc3));
    assertEquals("\u00e9" + "x".repeat(1_000), stream.push(256));
  }

  private String push(int value) {
    return stream.push(value);
  }

  /** Byte-level tokens 0 to 255, and one long token that starts inside a character. */
  private static ObjectNode byteTokens() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.putObject("decoder").put("type", "ByteLevel");
    ObjectNode vocabulary = json.putObject("model").putObject("vocab");
    int next = 256;
    for (int value = 0; value < 256; value++) {
      boolean prints = (value > 32 && value < 127) || (value > 160 && value != 173);
      vocabulary.put(Character.toString(prints ? value : next++), value);
    }
    String second = new String(new byte[] {(byte) 0xa9}, StandardCharsets.ISO_8859_1);
    vocabulary.put(second + "x".repeat(1_000), 256);
    return json;
  }
}
