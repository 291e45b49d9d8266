package io.rotatekv.model.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import io.rotatekv.model.ModelException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What every id stands for, in bytes: the decoders of the LLaMA family (byte-level BPE and
 * SentencePiece with byte fallback) act on each token alone, so decoding is a table.
 */
final class Pieces {

  private static final byte[] NOTHING = {};
  private static final String SPACE_MARK = "\u2581";
  private static final Pattern BYTE_TOKEN = Pattern.compile("<0x[0-9A-Fa-f]{2}>");

  private final byte[][] bytes;
  private final Map<String, Integer> special;
  private final BitSet specialIds = new BitSet();
  private final boolean spacePrefix;

  private Pieces(byte[][] bytes, Map<String, Integer> special, boolean spacePrefix) {
    this.bytes = bytes;
    this.special = special;
    special.values().forEach(specialIds::set);
    this.spacePrefix = spacePrefix;
  }

  /**
   * Reads the tables out of a {@code tokenizer.json}.
   *
   * @param origin the file, for messages
   */
  static Pieces read(JsonNode json, Object origin) {
    JsonNode vocabulary = json.path("model").path("vocab");
    if (!vocabulary.isObject() || vocabulary.isEmpty()) {
      throw new ModelException(
          origin + ": the tokenizer is not BPE; use a LLaMA, Mistral, SmolLM2 or Qwen2 model");
    }
    String decoder = json.path("decoder").toString();
    boolean byteLevel = decoder.contains("\"ByteLevel\"");
    if (!byteLevel && !decoder.contains("\"ByteFallback\"")) {
      throw new ModelException(
          origin
              + ": the tokenizer's decoder is neither byte-level nor SentencePiece's;"
              + " use a LLaMA, Mistral, SmolLM2 or Qwen2 model");
    }
    JsonNode added = json.path("added_tokens");
    byte[][] bytes = new byte[size(vocabulary, added, origin)][];
    Arrays.fill(bytes, NOTHING);
    Function<String, byte[]> decode =
        byteLevel ? new ByteAlphabet()::decode : Pieces::decodeSentencePiece;
    vocabulary
        .properties()
        .forEach(entry -> bytes[entry.getValue().intValue()] = decode.apply(entry.getKey()));
    Map<String, Integer> special = new LinkedHashMap<>();
    for (JsonNode token : added) {
      int id = token.path("id").intValue();
      String content = token.path("content").asText();
      boolean control = token.path("special").asBoolean();
      bytes[id] = control ? NOTHING : content.getBytes(StandardCharsets.UTF_8);
      if (control) {
        special.put(content, id);
      }
    }
    return new Pieces(bytes, special, !byteLevel && addsSpace(json));
  }

  /** Ids the tokenizer knows, from 0. */
  int size() {
    return bytes.length;
  }

  /** The bytes of a token, none for a control token; not to be changed. */
  byte[] bytes(int id) {
    if (id < 0 || id >= bytes.length) {
      throw new IllegalArgumentException(
          "token id %d is not in the vocabulary of %d".formatted(id, bytes.length));
    }
    return bytes[id];
  }

  boolean isSpecial(int id) {
    return specialIds.get(id);
  }

  /** Control tokens by their text. */
  Map<String, Integer> special() {
    return special;
  }

  /** Whether encoding puts a space before the text, which decoding takes away. */
  boolean spacePrefix() {
    return spacePrefix;
  }

  private static int size(JsonNode vocabulary, JsonNode added, Object origin) {
    int count = vocabulary.size() + added.size();
    int size = 0;
    for (JsonNode id : vocabulary) {
      size = Math.max(size, checkId(id, count, origin) + 1);
    }
    for (JsonNode token : added) {
      size = Math.max(size, checkId(token.path("id"), count, origin) + 1);
    }
    return size;
  }

  // Ids may have gaps, but a hostile one must not make a table of two billion entries.
  private static int checkId(JsonNode id, int count, Object origin) {
    if (!id.isInt() || id.intValue() < 0 || id.intValue() > 2 * count + 65_536) {
      throw new ModelException(
          "%s: the tokenizer has a token with id %s; fetch the model again".formatted(origin, id));
    }
    return id.intValue();
  }

  private static boolean addsSpace(JsonNode json) {
    String normalizer = json.path("normalizer").toString();
    JsonNode splitter = json.path("pre_tokenizer");
    return normalizer.contains("\"Prepend\"")
        || (splitter.path("type").asText().equals("Metaspace")
            && !splitter.path("prepend_scheme").asText("always").equals("never"));
  }

  private static byte[] decodeSentencePiece(String token) {
    if (BYTE_TOKEN.matcher(token).matches()) {
      return new byte[] {(byte) Integer.parseInt(token, 3, 5, 16)};
    }
    return token.replace(SPACE_MARK, " ").getBytes(StandardCharsets.UTF_8);
  }
}
