package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.Team;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.EngineLimits;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PrefixBlocksTest {

  /** Two whole blocks and two tokens. */
  private static final int[] PREFIX = IntStream.range(0, 130).map(i -> 33 + i % 90).toArray();

  private String read = "";
  private final AtomicInteger computed = new AtomicInteger();

  /** What is left of a prompt to run, after the shared blocks. */
  private int[] rest(Attend attend, int[] prompt) {
    ScriptedCache cache =
        new ScriptedCache(
            attend,
            text -> {
              read = text;
              return ScriptedCache.likely(0, 2);
            },
            computed);
    try (Team team = Team.of(1);
        Engine engine = cache.open(new EngineLimits(1024, 64), team);
        PrefixBlocks blocks = PrefixBlocks.compute(engine, PREFIX);
        Sequence sequence = engine.open(BlockListener.NONE)) {
      computed.set(0);
      int[] rest = blocks.load(sequence, prompt);
      Output logits = new Output.Logits((index, numbers, offset) -> {});
      engine.run(List.of(new Step(sequence, rest, logits)));
      return rest;
    }
  }

  private static int[] followedBy(int shared, String end) {
    int[] tail = ByteTokens.of(end);
    int[] prompt = Arrays.copyOf(PREFIX, shared + tail.length);
    System.arraycopy(tail, 0, prompt, shared, tail.length);
    return prompt;
  }

  private void assertReads(int[] prompt) {
    assertArrayEquals(prompt, read.chars().toArray());
  }

  @Test
  void wholeBlocksAreLoadedAndTheRestIsRun() {
    int[] prompt = followedBy(130, " question");
    assertEquals(2 + " question".length(), rest(Attend.BLOCK, prompt).length);
    assertEquals(2 + " question".length(), computed.get());
    assertReads(prompt);
  }

  @Test
  void aBlockWithAnotherTokenInItIsNotLoaded() {
    int[] prompt = followedBy(100, " and another end, longer than what is left of the block");
    assertEquals(prompt.length - 64, rest(Attend.BLOCK, prompt).length);
    assertReads(prompt);
  }

  @Test
  void oneTokenAtLeastIsRun() {
    int[] prompt = Arrays.copyOf(PREFIX, 128);
    assertEquals(64, rest(Attend.BLOCK, prompt).length);
    assertReads(prompt);
  }

  @Test
  void aPromptThatReadsItsExactKeysSharesNothing() {
    int[] prompt = followedBy(130, " question");
    assertArrayEquals(prompt, rest(Attend.FULL, prompt));
  }
}
