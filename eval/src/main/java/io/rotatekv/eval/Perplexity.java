package io.rotatekv.eval;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.LogProbability;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Perplexity over non-overlapping windows, as the authors of RotateKV (arXiv 2501.16383) and GPTQ
 * measure it: each window starts with an empty cache, its first token is not predicted, and the
 * figure is the exponential of the mean negative log-likelihood of all others.
 */
public final class Perplexity {

  private final Engine engine;
  private final int vocabulary;

  /** A measurement on an engine that nobody else uses meanwhile. */
  public Perplexity(Engine engine, int vocabulary) {
    this.engine = engine;
    this.vocabulary = vocabulary;
  }

  /**
   * The figures of one run.
   *
   * @param ppl perplexity
   * @param tokens predicted tokens
   * @param avgBits bits per element of the encoded blocks, all metadata counted; 16 if none was
   *     filled
   * @param windowNll mean negative log-likelihood of each window, in nats
   */
  public record Result(double ppl, long tokens, double avgBits, double[] windowNll) {}

  /**
   * Measures on the first {@code windows} windows of {@code seq} tokens.
   *
   * @param progress told the tokens of each chunk as it is done
   * @throws IllegalArgumentException if the text is shorter than one window
   */
  public Result measure(int[] tokens, int seq, int windows, IntConsumer progress) {
    int count = Math.min(windows, tokens.length / seq);
    if (count < 1 || seq < 2) {
      throw new IllegalArgumentException(
          "the text has %d tokens, less than one window of %d".formatted(tokens.length, seq));
    }
    double[] nll = new double[count];
    long bytes = 0;
    for (int i = 0; i < count; i++) {
      int[] window = Arrays.copyOfRange(tokens, i * seq, (i + 1) * seq);
      try (Sequence sequence = engine.open(BlockListener.NONE)) {
        nll[i] = negativeLogLikelihood(sequence, window, progress) / (seq - 1);
        bytes += sequence.blockBytes();
      }
    }
    double mean = Arrays.stream(nll).average().orElseThrow();
    KvShape shape = engine.codec().shape();
    long blockTokens = (long) count * (seq / BLOCK_TOKENS) * BLOCK_TOKENS;
    double elements = 2.0 * blockTokens * shape.kvDim() * shape.layers();
    double avgBits = elements == 0 ? 16 : bytes * 8 / elements;
    return new Result(Math.exp(mean), (long) count * (seq - 1), avgBits, nll);
  }

  private double negativeLogLikelihood(Sequence sequence, int[] window, IntConsumer progress) {
    double[] sum = new double[1];
    Output.LogitsConsumer consumer =
        (index, logits, offset) -> {
          if (index + 1 < window.length) {
            sum[0] -= LogProbability.of(logits, offset, vocabulary, window[index + 1]);
          }
          progress.accept(1);
        };
    engine.run(List.of(new Step(sequence, window, new Output.Logits(consumer))));
    return sum[0];
  }
}
