package io.rotatekv.model.engine;

import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.EncodeStats;
import java.util.List;

/**
 * Runs one model. The unit of work is a batch of steps, so that a GPU can take it as one launch and
 * return nothing but tokens. Not thread-safe: one thread drives an engine; only {@link
 * Sequence#load} may come from another.
 */
public interface Engine extends AutoCloseable {

  /** What decides the bytes of this engine's blocks. */
  CodecContext codec();

  /** How tokens attend while they are in full precision. */
  Attend attend();

  /** The most tokens a sequence may hold. */
  int maxContext();

  /**
   * What encoding has lost so far, by layer; empty where this engine does not count it. May be
   * asked from any thread, which may see counts that are not the latest.
   */
  default List<EncodeStats> encodeStats() {
    return List.of();
  }

  /**
   * Opens an empty sequence.
   *
   * @param listener told of every block that the engine fills and encodes
   */
  Sequence open(BlockListener listener);

  /**
   * Runs a batch of steps. The result of a step does not depend on the others in its batch.
   *
   * @return per step the sampled token, or -1 where its output is not {@link Output.Sample}
   * @throws IllegalArgumentException if a sequence would outgrow {@link #maxContext}
   * @throws CacheFullException if there is no memory for the new tokens; the batch's sequences can
   *     only be closed then, as after any other failure
   */
  int[] run(List<Step> batch);

  @Override
  void close();
}
