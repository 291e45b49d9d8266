package io.rotatekv.eval.accuracy;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.Engine;
import io.rotatekv.model.engine.Output;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.engine.Step;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The blocks of a beginning that many prompts share, computed once. A cache that has no blocks, or
 * whose blocks depend on what follows them, shares nothing, and its prompts are computed whole.
 */
final class PrefixBlocks implements AutoCloseable {

  private record Place(int block, int layer) {}

  private final Arena arena = Arena.ofShared();
  private final ConcurrentMap<Place, MemorySegment> blocks = new ConcurrentHashMap<>();
  private final int[] tokens;
  private final int count;

  private PrefixBlocks(int[] tokens, int count) {
    this.tokens = tokens;
    this.count = count;
  }

  /** Computes the whole blocks of {@code prefix} where the engine's cache can share them. */
  static PrefixBlocks compute(Engine engine, int[] prefix) {
    // With FULL, a prompt attends to its own exact keys, which no block holds.
    int count = engine.attend() == Attend.FULL ? 0 : prefix.length / BLOCK_TOKENS;
    int[] tokens = Arrays.copyOf(prefix, count * BLOCK_TOKENS);
    PrefixBlocks computed = new PrefixBlocks(tokens, count);
    if (count == 0) {
      return computed;
    }
    try (Sequence sequence = engine.open(computed::keep)) {
      engine.run(List.of(new Step(sequence, tokens, Output.NONE)));
      sequence.seal();
    }
    return computed.blocks.isEmpty() ? new PrefixBlocks(new int[0], 0) : computed;
  }

  private void keep(int block, int layer, MemorySegment bytes) {
    MemorySegment copy = arena.allocate(bytes.byteSize(), Long.BYTES);
    blocks.put(new Place(block, layer), copy.copyFrom(bytes));
  }

  /**
   * Gives a new sequence the shared blocks of a prompt.
   *
   * @return the tokens of the prompt that are still to be run, at least one
   */
  int[] load(Sequence sequence, int[] prompt) {
    int same = Arrays.mismatch(tokens, prompt);
    int shared = same < 0 ? tokens.length : same;
    int usable = Math.min(count, Math.min(shared, prompt.length - 1) / BLOCK_TOKENS);
    if (usable > 0) {
      sequence.expect(usable);
      blocks.forEach((place, bytes) -> {
        if (place.block() < usable) {
          sequence.load(place.block(), place.layer(), bytes);
        }
      });
    }
    return Arrays.copyOfRange(prompt, usable * BLOCK_TOKENS, prompt.length);
  }

  @Override
  public void close() {
    arena.close();
  }
}
