package io.rotatekv.eval.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The outcome of one evaluation of one cache.
 *
 * @param eval the evaluation: {@code ppl}, {@code kl}, …
 * @param model the model's name
 * @param codec the cache's name
 * @param bits bits per element as the name counts them
 * @param avgBits bits per element with all metadata and what stays in full precision
 * @param attend {@code block}, {@code full} or {@code quantized}
 * @param seq tokens of a window, or of the longest prompt
 * @param windows windows, questions or cells that were measured
 * @param figures the results, by their names in JSON
 */
public record EvalRow(
    String eval,
    String model,
    String codec,
    double bits,
    double avgBits,
    String attend,
    int seq,
    int windows,
    SequencedMap<String, Object> figures) {

  public EvalRow {
    figures = new LinkedHashMap<>(figures);
  }

  /** A figure that is a number. */
  public double number(String figure) {
    return figures.get(figure) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  /**
   * One object for one line of JSON.
   *
   * @param origin where the figures come from: commit, date, text; added at the end
   */
  public ObjectNode json(Map<String, String> origin) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode line = mapper.createObjectNode();
    line.put("eval", eval);
    line.put("model", model);
    line.put("codec", codec);
    line.put("bits", bits);
    line.put("avg_bits", avgBits);
    line.put("attend", attend);
    line.put("seq", seq);
    line.put("windows", windows);
    figures.forEach((name, value) -> line.set(name, mapper.valueToTree(value)));
    origin.forEach(line::put);
    return line;
  }
}
