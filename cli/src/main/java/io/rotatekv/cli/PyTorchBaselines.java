package io.rotatekv.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rotatekv.eval.gpu.AttentionShape;
import io.rotatekv.eval.gpu.Baseline;
import io.rotatekv.eval.gpu.Baselines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/** The lines that a run of PyTorch's attention on the same card printed, one JSON object each. */
final class PyTorchBaselines implements Baselines {

  private static final int HEAD_DIM = 128; // the only one that is run
  private static final String DECODE = "sdpa_decode"; // and sdpa_decode_packed_gqa
  private static final String PREFILL = "sdpa_prefill";

  private final List<JsonNode> lines;

  private PyTorchBaselines(List<JsonNode> lines) {
    this.lines = lines;
  }

  /**
   * Reads the lines that are JSON objects; others, such as warnings, are passed over.
   *
   * @throws IOException if the file cannot be read or an object is broken
   */
  static PyTorchBaselines read(Path file) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    try (var text = Files.lines(file)) {
      return of(mapper, text.filter(line -> line.startsWith("{")).toList());
    }
  }

  private static PyTorchBaselines of(ObjectMapper mapper, List<String> text) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : text) {
      lines.add(mapper.readTree(line));
    }
    return new PyTorchBaselines(List.copyOf(lines));
  }

  @Override
  public Optional<Baseline> decodeAttention(AttentionShape shape) {
    return shape.headDim() != HEAD_DIM
        ? Optional.empty()
        : fastest(line ->
            line.path("op").asText().startsWith(DECODE)
                && line.path("hq").asInt() == shape.qHeads()
                && line.path("hk").asInt() == shape.kvHeads()
                && line.path("bs").asInt() == shape.batch()
                && line.path("ctx").asInt() == shape.context());
  }

  @Override
  public Optional<Baseline> prefillAttention(int qHeads, int kvHeads, int tokens) {
    return fastest(line ->
        line.path("op").asText().equals(PREFILL)
            && line.path("hq").asInt() == qHeads
            && line.path("hk").asInt() == kvHeads
            && line.path("s").asInt() == tokens);
  }

  /** Lines of backends that failed have no time. */
  private Optional<Baseline> fastest(Predicate<JsonNode> wanted) {
    return lines.stream()
        .filter(line -> line.path("ms").isNumber())
        .filter(wanted)
        .map(line -> new Baseline(name(line), line.path("ms").asDouble()))
        .min(Comparator.comparingDouble(Baseline::ms));
  }

  /** A backend such as {@code CUDNN_ATTENTION}; runs that name none are of flash attention. */
  private static String name(JsonNode line) {
    String backend = line.path("backend").asText("flash").toLowerCase(Locale.ROOT);
    return "pytorch_" + backend.replace("_attention", "");
  }
}
