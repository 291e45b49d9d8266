package io.rotatekv.decode;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.decode.Generation.Event;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Sampling;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A request that nobody made, so that the first user does not wait for the compiler: vector code
 * runs a hundred times slower until it is compiled. Others join its batch as they come.
 */
final class WarmUp {

  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

  /** Whole blocks, which are encoded and attended over, and some tokens of a further one. */
  private static final int PROMPT_TOKENS = 2 * BLOCK_TOKENS + 2;

  private static final int ANSWER_TOKENS = 32;

  private WarmUp() {}

  /** Submits it, unless the context is too short for it. */
  static void submit(BatchLoop loop, Engine engine) {
    if (engine.maxContext() < PROMPT_TOKENS + ANSWER_TOKENS) {
      return;
    }
    long start = System.nanoTime();
    int[] prompt = IntStream.range(0, PROMPT_TOKENS).toArray(); // Every vocabulary has these.
    loop.submit(
        new Generation(
            engine.open(BlockListener.NONE),
            prompt,
            Sampling.GREEDY,
            ANSWER_TOKENS,
            event -> report(event, start)));
  }

  private static void report(Event event, long start) {
    if (event instanceof Event.Finished) {
      log.info("warmed up in {} ms", (System.nanoTime() - start) / 1_000_000);
    }
  }
}
