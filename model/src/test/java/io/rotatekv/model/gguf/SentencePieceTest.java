package io.rotatekv.model.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.model.ModelException;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SentencePieceTest {

  private static final int BOS = 1;
  private static final int FIRST_BYTE = 3;
  private static final int SPACE = 259;
  private static final List<String> PIECES =
      List.of("\u2581", "a", "b", "c", "ab", "bc", "\u2581a", "\u2581\u2581");

  private final Map<String, Object> metadata = metadata();

  @Test
  void mergesThePairOfTheHighestScore() {
    try (Tokenizer tokenizer = tokenizer()) {
      // "bc" has a higher score than "ab", and both than a space with a letter.
      assertArrayEquals(ids("\u2581a", "bc"), tokenizer.encode("abc", false));
      assertArrayEquals(ids("\u2581", "ab"), tokenizer.encode("ab", false));
      assertArrayEquals(ids("\u2581\u2581", "b"), tokenizer.encode(" b", false));
    }
  }

  @Test
  void fallsBackToBytesAndDecodesThem() {
    try (Tokenizer tokenizer = tokenizer()) {
      int[] ids = tokenizer.encode("é", true);
      assertArrayEquals(new int[] {BOS, SPACE, FIRST_BYTE + 0xc3, FIRST_BYTE + 0xa9}, ids);
      assertEquals("é", tokenizer.decode(ids));
    }
  }

  @Test
  void takesTheSpacePrefixAwayFromTextsButNotFromStreams() {
    try (Tokenizer tokenizer = tokenizer()) {
      int[] ids = tokenizer.encode("a  b", false);
      assertEquals("a  b", tokenizer.decode(ids));
      assertEquals(" a", tokenizer.newStream().push(ids[0]));
    }
  }

  @Test
  void obeysTheSwitches() {
    metadata.put("tokenizer.ggml.add_bos_token", false);
    metadata.put("tokenizer.ggml.add_eos_token", true);
    metadata.put("tokenizer.ggml.add_space_prefix", false);
    try (Tokenizer tokenizer = tokenizer()) {
      assertArrayEquals(new int[] {SPACE + 1, 2}, tokenizer.encode("a", true));
      assertEquals(" a", tokenizer.decode(tokenizer.encode(" a", false)));
    }
  }

  @Test
  void needsScores() {
    metadata.remove("tokenizer.ggml.scores");
    ModelException e = assertThrows(ModelException.class, () -> tokenizer().close());
    assertTrue(e.getMessage().contains("tokenizer.ggml.scores"), e.getMessage());
  }

  private Tokenizer tokenizer() {
    return GgufTokenizer.read(
        GgufVocabulary.read(new GgufMetadata(Path.of("test.gguf"), metadata)));
  }

  private static int[] ids(String... pieces) {
    return List.of(pieces).stream().mapToInt(piece -> SPACE + PIECES.indexOf(piece)).toArray();
  }

  private static Map<String, Object> metadata() {
    List<Object> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<Object> types = new ArrayList<>(List.of(2L, 3L, 3L));
    List<Object> scores = new ArrayList<>(List.of(0.0, 0.0, 0.0));
    for (int value = 0; value < 256; value++) {
      tokens.add("<0x%02X>".formatted(value));
      types.add(6L);
      scores.add(0.0);
    }
    List<Double> pieceScores = List.of(-9.0, -9.0, -9.0, -9.0, -2.0, -1.0, -3.0, -4.0);
    for (int i = 0; i < PIECES.size(); i++) {
      tokens.add(PIECES.get(i));
      types.add(1L);
      scores.add(pieceScores.get(i));
    }
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("tokenizer.ggml.model", "llama");
    metadata.put("tokenizer.ggml.tokens", tokens);
    metadata.put("tokenizer.ggml.token_type", types);
    metadata.put("tokenizer.ggml.scores", scores);
    metadata.put("tokenizer.ggml.bos_token_id", 1L);
    metadata.put("tokenizer.ggml.eos_token_id", 2L);
    metadata.put("tokenizer.ggml.unknown_token_id", 0L);
    return metadata;
  }
}
