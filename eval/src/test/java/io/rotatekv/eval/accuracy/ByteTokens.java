package io.rotatekv.eval.accuracy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.tokenizer.SpecialTokens;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.Set;

/** A tokenizer whose tokens are bytes, and one that ends an answer. */
final class ByteTokens {

  static final int END = 256;
  static final int VOCABULARY = 257;

  private ByteTokens() {}

  /** The tokenizer; the caller closes it. */
  static Tokenizer tokenizer() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.putArray("added_tokens")
        .addObject()
        .put("id", END)
        .put("content", "<|im_end|>")
        .put("special", true)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false);
    json.putObject("pre_tokenizer")
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
    json.putObject("decoder")
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
    ObjectNode model = json.putObject("model").put("type", "BPE");
    ObjectNode vocabulary = model.putObject("vocab");
    int next = 256;
    for (int value = 0; value < 256; value++) {
      boolean prints = (value > 32 && value < 127) || (value > 160 && value != 173);
      vocabulary.put(Character.toString(prints ? value : next++), value);
    }
    model.putArray("merges");
    return Tokenizer.of(
        json, "test", new SpecialTokens(OptionalInt.empty(), OptionalInt.of(END), Set.of(END)));
  }

  /** The tokens of an ASCII text. */
  static int[] of(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    int[] tokens = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      tokens[i] = bytes[i];
    }
    return tokens;
  }
}
