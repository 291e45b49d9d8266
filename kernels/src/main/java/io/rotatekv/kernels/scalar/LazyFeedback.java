package io.rotatekv.kernels.scalar;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.ErrorFeedback;
import org.jspecify.annotations.Nullable;

/**
 * The feedback of each layer's keys, computed when the layer is first encoded: most codec instances
 * only decode. For one thread.
 */
public final class LazyFeedback {

  private final CodecContext context;
  private final @Nullable ErrorFeedback[] layers;

  /** Feedback for the layers of {@code context}. */
  public LazyFeedback(CodecContext context) {
    this.context = context;
    layers = new ErrorFeedback[context.shape().layers()];
  }

  /** The feedback of one layer's keys. */
  public ErrorFeedback of(int layer) {
    ErrorFeedback feedback = layers[layer];
    if (feedback == null) {
      feedback = FeedbackWeights.ofKeys(context, layer);
      layers[layer] = feedback;
    }
    return feedback;
  }
}
