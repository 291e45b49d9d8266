package io.rotatekv.model.calibration;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.model.Model;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.LogProbability;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import io.rotatekv.model.engine.cpu.CpuEngine;
import io.rotatekv.model.engine.cpu.LayerObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * The loss of caches on held-out tokens: negative log-likelihood, and the divergence of the next
 * token's distribution from the FP16 cache's, which tells small losses from noise.
 */
final class HeldOutLoss {

  /** Divergence is taken at one position in this many, which bounds the memory of references. */
  private static final int POSITION_STEP = 8;

  private static final int CHUNK = 512;

  private final Model model;
  private final Kernels kernels;
  private final Team team;
  private final int[] tokens;
  private final int window;
  private final IntConsumer progress;
  private final List<float[]> references = new ArrayList<>();

  /** Per token, in nats. */
  record Loss(double likelihood, double divergence) {}

  /**
   * Measures on {@code tokens} in windows; the first measurement must be of the FP16 cache.
   *
   * @param progress told how many tokens have passed
   */
  HeldOutLoss(
      Model model, Kernels kernels, Team team, int[] tokens, int window, IntConsumer progress) {
    this.model = model;
    this.kernels = kernels;
    this.team = team;
    this.tokens = tokens;
    this.window = window;
    this.progress = progress;
  }

  int tokens() {
    return tokens.length;
  }

  /** The loss over the first {@code count} tokens. */
  Loss measure(CodecContext codec, int count) {
    Sums sums = new Sums(model.config().vocabulary());
    EngineLimits limits = new EngineLimits(window, CHUNK);
    try (Engine engine =
        new CpuEngine(
            model.config(),
            model.weights(),
            kernels,
            team,
            codec,
            Attend.BLOCK,
            limits,
            LayerObserver.NONE)) {
      for (int from = 0; from < count; from += window) {
        int[] text = Arrays.copyOfRange(tokens, from, Math.min(count, from + window));
        try (Sequence sequence = engine.open(BlockListener.NONE)) {
          Output output = new Output.Logits((i, logits, at) -> sums.add(text, i, logits, at));
          engine.run(List.of(new Step(sequence, text, output)));
        }
      }
    }
    return new Loss(sums.likelihood / sums.scored, sums.divergence / Math.max(1, sums.compared));
  }

  /** What one measurement adds up. */
  private final class Sums {

    private final int vocabulary;
    private double likelihood;
    private double divergence;
    private int scored;
    private int compared;

    Sums(int vocabulary) {
      this.vocabulary = vocabulary;
    }

    void add(int[] text, int index, float[] logits, int at) {
      progress.accept(1);
      if (index + 1 < text.length) {
        likelihood -= LogProbability.of(logits, at, vocabulary, text[index + 1]);
        scored++;
      }
      if (index % POSITION_STEP == 0) {
        compare(logits, at);
      }
    }

    private void compare(float[] logits, int at) {
      if (compared == references.size()) {
        references.add(Arrays.copyOfRange(logits, at, at + vocabulary));
      }
      divergence += divergence(references.get(compared++), logits, at);
    }

    private double divergence(float[] reference, float[] logits, int at) {
      double norm = LogProbability.normalizer(reference, 0, vocabulary);
      double otherNorm = LogProbability.normalizer(logits, at, vocabulary);
      double sum = 0;
      for (int i = 0; i < vocabulary; i++) {
        double logarithm = reference[i] - norm;
        sum += Math.exp(logarithm) * (logarithm - (logits[at + i] - otherNorm));
      }
      return sum;
    }
  }
}
