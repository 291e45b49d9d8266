package io.rotatekv.model.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.model.ModelException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * SentencePiece BPE (Kudo and Richardson 2018; {@code tokenizer.ggml.model} is {@code llama}) as
 * {@code tokenizer.json}. SentencePiece merges the pair whose union has the highest score; a list
 * of all pairs in order of that score says the same to a merge-based BPE.
 */
final class SentencePieceJson {

  private static final String SPACE_MARK = "\u2581";

  private SentencePieceJson() {}

  /**
   * The tokenizer's file.
   *
   * @throws ModelException if scores are missing
   */
  static ObjectNode write(GgufVocabulary vocabulary) {
    GgufMetadata metadata = vocabulary.metadata();
    boolean spacePrefix = metadata.findBoolean("tokenizer.ggml.add_space_prefix", true);
    ObjectNode json = TokenizerJson.bytePair(vocabulary);
    json.set("normalizer", normalizer(spacePrefix));
    json.set("decoder", decoder(spacePrefix));
    ObjectNode model = json.withObjectProperty("model");
    model.put("byte_fallback", true).put("fuse_unk", true);
    vocabulary
        .id("tokenizer.ggml.unknown_token_id")
        .ifPresent(id -> model.put("unk_token", vocabulary.tokens().get(id)));
    ArrayNode array = model.withArrayProperty("merges");
    merges(vocabulary).forEach(merge -> array.addArray().add(merge.left()).add(merge.right()));
    TokenizerJson.addPostProcessor(json, vocabulary, true, false);
    return json;
  }

  private static ObjectNode normalizer(boolean spacePrefix) {
    ObjectNode sequence = TokenizerJson.typed("Sequence");
    ArrayNode stages = sequence.putArray("normalizers");
    if (spacePrefix) {
      stages.add(TokenizerJson.typed("Prepend").put("prepend", SPACE_MARK));
    }
    stages.add(replace(" ", SPACE_MARK));
    return sequence;
  }

  private static ObjectNode decoder(boolean spacePrefix) {
    ObjectNode sequence = TokenizerJson.typed("Sequence");
    ArrayNode stages = sequence.putArray("decoders");
    stages.add(replace(SPACE_MARK, " "));
    stages.add(TokenizerJson.typed("ByteFallback"));
    stages.add(TokenizerJson.typed("Fuse"));
    if (spacePrefix) {
      stages.add(TokenizerJson.typed("Strip").put("content", " ").put("start", 1).put("stop", 0));
    }
    return sequence;
  }

  private static ObjectNode replace(String from, String to) {
    ObjectNode replace = TokenizerJson.typed("Replace");
    replace.putObject("pattern").put("String", from);
    return replace.put("content", to);
  }

  private static List<Merge> merges(GgufVocabulary vocabulary) {
    List<Double> scores = scores(vocabulary);
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      // Control and byte tokens never come out of merges.
      if (vocabulary.types().get(id) == GgufVocabulary.NORMAL) {
        ids.putIfAbsent(vocabulary.tokens().get(id), id);
      }
    }
    List<Merge> merges = new ArrayList<>();
    ids.forEach((piece, id) -> {
      int end = piece.length();
      for (int cut = piece.offsetByCodePoints(0, 1);
          cut < end;
          cut = piece.offsetByCodePoints(cut, 1)) {
        Integer left = ids.get(piece.substring(0, cut));
        Integer right = ids.get(piece.substring(cut));
        if (left != null && right != null) {
          merges.add(
              new Merge(
                  piece.substring(0, cut), piece.substring(cut), left, right, scores.get(id)));
        }
      }
    });
    merges.sort(Merge.ORDER);
    return merges;
  }

  private static List<Double> scores(GgufVocabulary vocabulary) {
    String key = "tokenizer.ggml.scores";
    List<Double> scores = vocabulary.metadata().findList(key, Double.class);
    if (scores == null || scores.size() != vocabulary.tokens().size()) {
      throw vocabulary.metadata().invalid(key, "must hold one score for each token");
    }
    return scores;
  }

  /** A pair of pieces, their ids, and the score of their union. */
  private record Merge(String left, String right, int leftId, int rightId, double score) {

    // Ties go by ids, so that one file always gives one tokenizer.
    private static final Comparator<Merge> ORDER =
        Comparator.comparingDouble(Merge::score)
            .reversed()
            .thenComparingInt(Merge::leftId)
            .thenComparingInt(Merge::rightId);
  }
}
