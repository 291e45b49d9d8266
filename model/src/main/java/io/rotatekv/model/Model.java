package io.rotatekv.model;

import io.rotatekv.kernels.codec.BlockRope;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.chat.ChatTemplate;
import io.rotatekv.model.tokenizer.Tokenizer;
import java.lang.foreign.Arena;

/**
 * An open model. Its weights are mapped from files that must not change or shrink while it is open;
 * closing it unmaps them, after which using them is an error. Reading is safe for many threads.
 */
public final class Model implements AutoCloseable {

  private final ModelConfig config;
  private final ModelWeights weights;
  private final Tokenizer tokenizer;
  private final ChatTemplate chatTemplate;
  private final String fingerprint;
  private final Arena arena;

  /**
   * A model made of its parts.
   *
   * @param fingerprint see {@link #fingerprint}
   * @param arena a shared arena that holds the weights; closed with the model
   */
  public Model(
      ModelConfig config,
      ModelWeights weights,
      Tokenizer tokenizer,
      ChatTemplate chatTemplate,
      String fingerprint,
      Arena arena) {
    this.config = config;
    this.weights = weights;
    this.tokenizer = tokenizer;
    this.chatTemplate = chatTemplate;
    this.fingerprint = fingerprint;
    this.arena = arena;
  }

  /** Hyperparameters. */
  public ModelConfig config() {
    return config;
  }

  /** Weights, valid until the model is closed. */
  public ModelWeights weights() {
    return weights;
  }

  /** The model's tokenizer, valid until the model is closed. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** How the model wants conversations written. */
  public ChatTemplate chatTemplate() {
    return chatTemplate;
  }

  /**
   * 64 hexadecimal digits of a SHA-256 over the files' headers and samples of every tensor: equal
   * for copies of one model, and different after fine-tuning or quantizing again. It reads few
   * bytes, so it is no proof against forgery.
   */
  public String fingerprint() {
    return fingerprint;
  }

  /** The shape of the model's KV cache. */
  public KvShape kvShape() {
    return new KvShape(config.layers(), config.kvHeads(), config.headDim());
  }

  /** What codecs turn the model's keys by. */
  public BlockRope blockRope() {
    return config.rope().blockRope();
  }

  /** Frees the tokenizer and unmaps the weights. */
  @Override
  public void close() {
    tokenizer.close();
    arena.close();
  }
}
