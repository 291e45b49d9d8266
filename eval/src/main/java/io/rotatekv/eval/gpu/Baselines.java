package io.rotatekv.eval.gpu;

import java.util.Optional;

/** What other programs took on the same card. */
public interface Baselines {

  /** Nothing to compare with. */
  Baselines NONE =
      new Baselines() {
        @Override
        public Optional<Baseline> decodeAttention(AttentionShape shape) {
          return Optional.empty();
        }

        @Override
        public Optional<Baseline> prefillAttention(int qHeads, int kvHeads, int tokens) {
          return Optional.empty();
        }
      };

  /** The fastest attention of one new token per sequence over an FP16 cache. */
  Optional<Baseline> decodeAttention(AttentionShape shape);

  /** The fastest causal attention of a prompt, heads of 128. */
  Optional<Baseline> prefillAttention(int qHeads, int kvHeads, int tokens);
}
