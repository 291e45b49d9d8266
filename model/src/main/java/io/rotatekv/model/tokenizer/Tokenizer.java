package io.rotatekv.model.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.ModelException;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Text to token ids by the Hugging Face tokenizer, and back by a table. Safe for many threads.
 *
 * <p>{@link #encode} reads the text of a control token (such as {@code <|im_end|>}) as that token,
 * as Hugging Face does, so it is for prompts and rendered templates; {@link #encodeLiteral} never
 * yields control tokens, and is for text from strangers.
 */
public final class Tokenizer implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ObjectNode json;
  private final Object origin;
  private final SpecialTokens special;
  private final Pieces pieces;
  private final NativeTokenizer tokenizer;
  private final Object lock = new Object();
  private @Nullable NativeTokenizer literal; // Rarely needed, so made at first use.

  private Tokenizer(ObjectNode json, Object origin, SpecialTokens special) {
    this.json = json;
    this.origin = origin;
    this.special = special;
    pieces = Pieces.read(json, origin);
    tokenizer = NativeTokenizer.load(bytes(json), origin);
  }

  /**
   * A tokenizer from the content of a {@code tokenizer.json}.
   *
   * @param origin the file it is from, for messages
   * @throws ModelException if it is not a BPE tokenizer of the LLaMA family
   */
  public static Tokenizer of(ObjectNode json, Object origin, SpecialTokens special) {
    return new Tokenizer(json, origin, special);
  }

  /**
   * The ids of a text.
   *
   * @param addSpecialTokens whether to add what the model puts around a text, such as a BOS token
   * @throws IllegalArgumentException if the text is not valid UTF-16
   */
  public int[] encode(String text, boolean addSpecialTokens) {
    return tokenizer.encode(requireUnicode(text), addSpecialTokens);
  }

  /**
   * The ids of a text in which the names of control tokens are ordinary characters; adds nothing.
   *
   * @throws IllegalArgumentException if the text is not valid UTF-16
   */
  public int[] encodeLiteral(String text) {
    return literal().encode(requireUnicode(text), false);
  }

  /**
   * The text of ids, control tokens left out, invalid UTF-8 as U+FFFD. Where encoding puts a space
   * before a text, it is taken away again.
   *
   * @throws IllegalArgumentException if an id is not in the vocabulary
   */
  public String decode(int[] ids) {
    TokenStream stream = newStream();
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(stream.push(id));
    }
    text.append(stream.finish());
    boolean prefixed = pieces.spacePrefix() && !text.isEmpty() && text.charAt(0) == ' ';
    return text.substring(prefixed ? 1 : 0);
  }

  /** A decoder for tokens as they are generated; unlike {@link #decode} it keeps a first space. */
  public TokenStream newStream() {
    return new TokenStream(pieces);
  }

  /** Whether generation ends with this token. */
  public boolean isEndOfGeneration(int id) {
    return special.endOfGeneration().contains(id);
  }

  /** Whether the token is a control token, which has no text. */
  public boolean isSpecial(int id) {
    return pieces.isSpecial(id);
  }

  /** What begins a text, where the model has one. */
  public OptionalInt bos() {
    return special.bos();
  }

  /** What ends a text, where the model has one. */
  public OptionalInt eos() {
    return special.eos();
  }

  /** Control tokens: text to id. */
  public Map<String, Integer> controlTokens() {
    return Map.copyOf(pieces.special());
  }

  /** Ids the tokenizer knows, from 0; the model's embedding may have more rows. */
  public int size() {
    return pieces.size();
  }

  /** Frees the native tokenizers; encoding afterwards is an error. */
  @Override
  public void close() {
    synchronized (lock) {
      tokenizer.close();
      if (literal != null) {
        literal.close();
      }
    }
  }

  private NativeTokenizer literal() {
    synchronized (lock) {
      if (literal == null) {
        ObjectNode copy = json.deepCopy();
        ArrayNode added = copy.withArray("added_tokens");
        for (int i = added.size() - 1; i >= 0; i--) {
          if (added.get(i).path("special").asBoolean()) {
            added.remove(i);
          }
        }
        copy.putNull("post_processor");
        literal = NativeTokenizer.load(bytes(copy), origin);
      }
      return literal;
    }
  }

  private static byte[] bytes(ObjectNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree is always writable", e);
    }
  }

  private static String requireUnicode(String text) {
    int width;
    for (int i = 0; i < text.length(); i += width) {
      int character = text.codePointAt(i);
      width = Character.charCount(character);
      if (width == 1 && Character.isSurrogate((char) character)) {
        throw new IllegalArgumentException(
            "the text is not valid Unicode: lone surrogate U+%04X at index %d"
                .formatted(character, i));
      }
    }
    return text;
  }
}
