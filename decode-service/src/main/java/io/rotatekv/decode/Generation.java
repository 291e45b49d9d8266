package io.rotatekv.decode;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.model.engine.Generator;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sampling;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request while it generates. Owned by the batch loop once submitted; other threads only stop
 * it and load its sequence's blocks.
 */
final class Generation {

  /** What happens to a generation, in the order in which it happens. */
  sealed interface Event {

    /** The prompt is in the cache: its whole blocks and the bytes that they take. */
    record Prompt(int blocks, long blockBytes) implements Event {}

    /** A token of the answer. */
    record Token(int id) implements Event {}

    /** The end; nothing follows. */
    record Finished(boolean endOfText) implements Event {}

    /** It failed; nothing follows. */
    record Failed(RuntimeException cause) implements Event {}
  }

  private final Sequence sequence;
  private final Sampling sampling;
  private final int maxTokens;
  private final Consumer<Event> listener;
  private final int sealAt;
  private int[] pending;
  private int generated;
  private volatile @Nullable RuntimeException stopped;

  /**
   * A request whose sequence holds, or is being given, a prefix of the prompt.
   *
   * @param prompt the whole prompt
   * @param maxTokens the most tokens to generate, the context permitting
   */
  Generation(
      Sequence sequence, int[] prompt, Sampling sampling, int maxTokens, Consumer<Event> listener) {
    this.sequence = sequence;
    this.sampling = sampling;
    this.maxTokens = maxTokens;
    this.listener = listener;
    this.sealAt = Generator.cacheableBlocks(prompt.length) * BLOCK_TOKENS;
    this.pending = Arrays.copyOfRange(prompt, sequence.length(), prompt.length);
  }

  Sequence sequence() {
    return sequence;
  }

  /**
   * Has it end with {@code cause} instead of going on, or of waiting for blocks that will not come.
   */
  void stop(RuntimeException cause) {
    stopped = cause;
    sequence.abort(cause);
  }

  /** Why it is to end, or null. */
  @Nullable RuntimeException stopped() {
    return stopped;
  }

  /**
   * The next step, of at most {@code maxTokens} tokens; only the step that ends the pending tokens
   * samples. The prompt's cacheable part and the rest are never in one step, as on a prefill node.
   */
  Step next(int maxTokens) {
    if (sequence.length() == sealAt) {
      sequence.seal();
    }
    int boundary = sealAt > sequence.length() ? sealAt - sequence.length() : pending.length;
    int count = Math.min(Math.min(maxTokens, boundary), pending.length);
    if (count == pending.length) {
      return new Step(sequence, pending, new Output.Sample(sampling));
    }
    return new Step(sequence, Arrays.copyOf(pending, count), Output.NONE);
  }

  /**
   * Takes the result of the step that {@link #next} gave.
   *
   * @param token the sampled token, or -1
   * @return whether the generation goes on
   */
  boolean accept(Step step, int token, boolean endOfText, int maxContext) {
    if (token < 0) {
      pending = Arrays.copyOfRange(pending, step.tokens().length, pending.length);
      return true;
    }
    if (generated == 0) {
      int blocks = sequence.length() / BLOCK_TOKENS;
      listener.accept(new Event.Prompt(blocks, sequence.blockBytes()));
    }
    if (endOfText) {
      listener.accept(new Event.Finished(true));
      return false;
    }
    generated++;
    listener.accept(new Event.Token(token));
    if (generated == maxTokens || sequence.length() >= maxContext) {
      listener.accept(new Event.Finished(false));
      return false;
    }
    pending = new int[] {token};
    return true;
  }

  void fail(RuntimeException cause) {
    listener.accept(new Event.Failed(cause));
  }
}
