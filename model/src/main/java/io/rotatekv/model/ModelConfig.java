package io.rotatekv.model;

/**
 * The hyperparameters of a LLaMA-family decoder.
 *
 * @param architecture the family as GGUF names it: {@code llama} or {@code qwen2}
 * @param name what the model's metadata calls it, or the file's name
 * @param layers transformer layers
 * @param hidden channels of the residual stream
 * @param heads query heads, a multiple of {@code kvHeads}
 * @param kvHeads key and value heads
 * @param headDim channels per head, a power of two
 * @param feedForward channels inside the feed-forward network
 * @param vocabulary rows of the embedding, which may exceed the tokenizer's tokens
 * @param contextLength most tokens the model attends over
 * @param rmsEpsilon what RMSNorm adds to the mean square
 * @param rope position embedding
 */
public record ModelConfig(
    String architecture,
    String name,
    int layers,
    int hidden,
    int heads,
    int kvHeads,
    int headDim,
    int feedForward,
    int vocabulary,
    int contextLength,
    float rmsEpsilon,
    RopeSpec rope) {

  public ModelConfig {
    positive("layers", layers);
    positive("hidden size", hidden);
    positive("heads", heads);
    positive("KV heads", kvHeads);
    positive("head dimension", headDim);
    positive("feed-forward size", feedForward);
    positive("vocabulary", vocabulary);
    positive("context length", contextLength);
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "%d query heads do not share %d KV heads evenly".formatted(heads, kvHeads));
    }
    if (headDim < 2 || Integer.bitCount(headDim) != 1) {
      throw new IllegalArgumentException(
          "head dimension %d is not a power of two, which the key rotation needs"
              .formatted(headDim));
    }
    if (rope.headDim() != headDim) {
      throw new IllegalArgumentException(
          "RoPE rotates %d of %d channels per head; only whole heads are supported"
              .formatted(rope.headDim(), headDim));
    }
  }

  /** Channels of all query heads. */
  public int queryDim() {
    return heads * headDim;
  }

  /** Channels of all KV heads. */
  public int kvDim() {
    return kvHeads * headDim;
  }

  private static void positive(String what, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(what + " must be positive, not " + value);
    }
  }
}
