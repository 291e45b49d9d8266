package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.CanonicalHash;
import io.rotatekv.kernels.codec.CodecSpec;
import java.util.List;
import java.util.Optional;

/**
 * What codecs cost a model, measured on text that calibration did not see, and the most that they
 * may. Nodes raise layers, or refuse a codec, by it.
 *
 * @param maxIncrease the most that perplexity may rise, relative: 0.1 is 10 %
 * @param tokens how many tokens of the text were held out and scored
 * @param costs one per codec
 */
public record Gate(double maxIncrease, int tokens, List<Cost> costs) {

  public Gate {
    costs = List.copyOf(costs);
  }

  /**
   * What one codec costs.
   *
   * @param codec the codec's name
   * @param layers the name of each layer's codec: {@code codec}, or one with more bits
   * @param increase how far perplexity rose, relative
   */
  public record Cost(String codec, List<String> layers, double increase) {

    public Cost {
      layers = List.copyOf(layers);
    }

    /** The codec of each layer. */
    List<CodecSpec> specs() {
      return layers.stream().map(CodecSpec::parse).toList();
    }

    /**
     * Layers that have more bits than the codec, such as {@code 0 shaped3, 7 fp16}; may be empty.
     */
    public String raised() {
      StringBuilder raised = new StringBuilder();
      for (int layer = 0; layer < layers.size(); layer++) {
        if (!layers.get(layer).equals(codec)) {
          raised.append(raised.isEmpty() ? "" : ", ").append(layer).append(' ');
          raised.append(layers.get(layer));
        }
      }
      return raised.toString();
    }
  }

  /** What a codec costs, if it was measured. */
  public Optional<Cost> cost(CodecSpec codec) {
    return costs.stream().filter(cost -> cost.codec().equals(codec.name())).findFirst();
  }

  /** Adds all that a reader relies on. */
  void addTo(CanonicalHash hash) {
    hash.add("max increase", Double.doubleToLongBits(maxIncrease)).add("held out", tokens);
    for (Cost cost : costs) {
      hash.add("codec", cost.codec())
          .add("layers", String.join(" ", cost.layers()))
          .add("increase", Double.doubleToLongBits(cost.increase()));
    }
  }
}
