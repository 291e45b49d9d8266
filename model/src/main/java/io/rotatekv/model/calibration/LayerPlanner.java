package io.rotatekv.model.calibration;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Finds the fewest bits with which a codec holds a bound on perplexity: measures what each layer
 * loses alone, raises layers by what a bit is worth there, and finds by bisection how many raises
 * the bound takes, each tried on the whole model.
 */
final class LayerPlanner {

  /** What a bit more leaves of a layer's loss; 0.29 and 0.28 on normal data. */
  private static final double LEFT_BY_A_BIT = 0.3;

  /** Tokens by which layers are compared with each other. */
  private static final int COMPARED_TOKENS = 1024;

  private final CodecContext uniform;
  private final HeldOutLoss loss;
  private final double baseline;
  private final double maxIncrease;

  /** One layer given the next larger codec. */
  private record Raise(int layer, CodecSpec to, double lossLeft, double gainPerBit) {}

  LayerPlanner(CodecContext uniform, HeldOutLoss loss, double baseline, double maxIncrease) {
    this.uniform = uniform;
    this.loss = loss;
    this.baseline = baseline;
    this.maxIncrease = maxIncrease;
  }

  /** What the codec costs, with as few layers raised as the bound allows. */
  Gate.Cost plan() {
    Gate.Cost plain = measure(uniform.layerSpecs());
    if (plain.increase() <= maxIncrease) {
      return plain;
    }
    List<List<CodecSpec>> plans = plans();
    Gate.Cost best = measure(plans.getLast());
    int tooFew = -1;
    int enough = plans.size() - 1;
    while (enough - tooFew > 1) {
      int middle = (tooFew + enough) / 2;
      Gate.Cost cost = measure(plans.get(middle));
      if (cost.increase() <= maxIncrease) {
        enough = middle;
        best = cost;
      } else {
        tooFew = middle;
      }
    }
    return best;
  }

  private Gate.Cost measure(List<CodecSpec> layers) {
    double likelihood = loss.measure(with(layers), loss.tokens()).likelihood();
    return new Gate.Cost(
        uniform.spec().name(),
        layers.stream().map(CodecSpec::name).toList(),
        Math.expm1(likelihood - baseline));
  }

  /** From one raise to all layers in FP16, each one raise more than the one before. */
  private List<List<CodecSpec>> plans() {
    List<CodecSpec> layers = new ArrayList<>(uniform.layerSpecs());
    PriorityQueue<Raise> raises =
        new PriorityQueue<>(Comparator.comparingDouble(Raise::gainPerBit).reversed());
    for (int layer = 0; layer < layers.size(); layer++) {
      raises.add(raise(layer, layers.get(layer), aloneLoss(layer)));
    }
    List<List<CodecSpec>> plans = new ArrayList<>();
    while (!raises.isEmpty()) {
      Raise next = raises.remove();
      layers.set(next.layer, next.to);
      plans.add(List.copyOf(layers));
      if (next.to.family() != CodecFamily.FP16) {
        raises.add(raise(next.layer, next.to, next.lossLeft));
      }
    }
    return plans;
  }

  /** What the model loses where only one layer is quantized. */
  private double aloneLoss(int layer) {
    List<CodecSpec> layers =
        new ArrayList<>(Collections.nCopies(uniform.shape().layers(), CodecSpec.FP16));
    layers.set(layer, uniform.spec());
    return loss.measure(with(layers), Math.min(COMPARED_TOKENS, loss.tokens())).divergence();
  }

  private static Raise raise(int layer, CodecSpec from, double loss) {
    CodecSpec to = next(from);
    double left = to.family() == CodecFamily.FP16 ? 0 : LEFT_BY_A_BIT * loss;
    return new Raise(layer, to, left, (loss - left) / (to.bits() - from.bits()));
  }

  private static CodecSpec next(CodecSpec from) {
    return CodecSpec.ALL.stream()
        .filter(spec -> spec.family() == from.family() && spec.bits() == from.bits() + 1)
        .findFirst()
        .orElse(CodecSpec.FP16);
  }

  private CodecContext with(List<CodecSpec> layers) {
    return uniform.with(layers);
  }
}
