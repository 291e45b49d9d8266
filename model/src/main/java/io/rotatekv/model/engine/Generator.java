package io.rotatekv.model.engine;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/**
 * Generates in one process what a cluster generates in three: the prompt's whole blocks first, then
 * the rest of the prompt as the first step of decoding, then one token at a time.
 */
public final class Generator {

  private final Engine engine;
  private final IntPredicate endOfGeneration;

  /**
   * A generator on an engine that nobody else uses meanwhile.
   *
   * @param endOfGeneration tokens that end an answer; they are not part of it
   */
  public Generator(Engine engine, IntPredicate endOfGeneration) {
    this.engine = engine;
    this.endOfGeneration = endOfGeneration;
  }

  /** Blocks of a prompt that can be cached: all whole ones that leave at least one token to run. */
  public static int cacheableBlocks(int promptTokens) {
    return (promptTokens - 1) / BLOCK_TOKENS;
  }

  /**
   * Generates an answer.
   *
   * @param prompt at least one token
   * @param maxTokens the most tokens of the answer
   * @param onToken told of every token as it comes
   * @return the answer's tokens
   */
  public List<Integer> generate(
      int[] prompt, int maxTokens, Sampling sampling, IntConsumer onToken) {
    List<Integer> answer = new ArrayList<>();
    try (Sequence sequence = engine.open(BlockListener.NONE)) {
      int cached = cacheableBlocks(prompt.length) * BLOCK_TOKENS;
      if (cached > 0) {
        engine.run(List.of(new Step(sequence, Arrays.copyOfRange(prompt, 0, cached), Output.NONE)));
        sequence.seal();
      }
      int[] next = Arrays.copyOfRange(prompt, cached, prompt.length);
      while (answer.size() < maxTokens && sequence.length() + next.length <= engine.maxContext()) {
        int token = engine.run(List.of(new Step(sequence, next, new Output.Sample(sampling))))[0];
        if (endOfGeneration.test(token)) {
          break;
        }
        answer.add(token);
        onToken.accept(token);
        next = new int[] {token};
      }
    }
    return answer;
  }
}
