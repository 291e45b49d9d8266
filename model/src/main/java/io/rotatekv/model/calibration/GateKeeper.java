package io.rotatekv.model.calibration;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.model.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** Measures what every codec costs a model, and raises layers where that is too much. */
public final class GateKeeper {

  private final Model model;
  private final Kernels kernels;
  private final Team team;

  /** A gatekeeper that computes with {@code kernels} on {@code team}. */
  public GateKeeper(Model model, Kernels kernels, Team team) {
    this.model = model;
    this.kernels = kernels;
    this.team = team;
  }

  /**
   * A calibration with a gate.
   *
   * @param heldOut tokens that the calibration has not seen, scored in windows of {@code window}
   * @param maxIncrease the most that perplexity may rise, relative
   * @param progress told how many tokens have passed, of a number that is not known before
   */
  public Calibration gate(
      Calibration calibration,
      int[] heldOut,
      int window,
      double maxIncrease,
      IntConsumer progress) {
    HeldOutLoss loss = new HeldOutLoss(model, kernels, team, heldOut, window, progress);
    double baseline = loss.measure(CodecContext.fp16(model.kvShape()), heldOut.length).likelihood();
    List<Gate.Cost> costs = new ArrayList<>();
    for (CodecSpec codec : CodecSpec.ALL) {
      if (codec.family() != CodecFamily.FP16) {
        // Only a codec that can be raised is held to the bound; the others are refused by it.
        double bound =
            codec.family() == CodecFamily.SHAPED ? maxIncrease : Double.POSITIVE_INFINITY;
        costs.add(
            new LayerPlanner(calibration.uniform(codec, model.blockRope()), loss, baseline, bound)
                .plan());
      }
    }
    return calibration.with(new Gate(maxIncrease, heldOut.length, costs));
  }
}
