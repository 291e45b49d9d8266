package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;

/**
 * How the kernels that encode and expand blocks cut them: a thread has a line, 64 channels of one
 * token; a CTA has a tile, whole rows of some keys or two lines of all values per 128 threads.
 *
 * @param columns lines of a row
 * @param threads of a CTA, a multiple of 128
 * @param tileTokens tokens of a tile of keys, a power of two from 2 to 64
 */
record LineTiling(int columns, int threads, int tileTokens) {

  /** Channels of a line. */
  static final int LINE = 64;

  private static final int THREAD_STEP = 128;
  private static final int MAX_THREADS = 512;

  /**
   * The cut of a shape's blocks.
   *
   * @throws IllegalArgumentException if the kernels do not know the shape
   */
  static LineTiling of(KvShape shape) {
    int columns = shape.kvDim() / LINE;
    // Tokens r and r + 8 share what is written at a time, so a tile has at least two.
    int threads = Math.ceilDiv(2 * columns, THREAD_STEP) * THREAD_STEP;
    if ((shape.headDim() != LINE && shape.headDim() != 2 * LINE) || threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          ("the GPU encodes up to %d channels in heads of 64 or 128, not %d heads of %d;"
                  + " take --backend cpu")
              .formatted(MAX_THREADS / 2 * LINE, shape.kvHeads(), shape.headDim()));
    }
    int tokens = Math.min(BLOCK_TOKENS, Integer.highestOneBit(threads / columns));
    return new LineTiling(columns, threads, tokens);
  }

  /** Tiles of a block: of keys, then of values. */
  int tiles() {
    return BLOCK_TOKENS / tileTokens + valueTiles();
  }

  /**
   * Bytes of a CTA's shared memory in which lines meet: those of three heads that are rotated
   * together, and all where channels are reordered, with what their groups come to.
   */
  int exchangeBytes(KvShape shape, boolean reorders) {
    boolean exchanges = reorders || shape.rotationHeads() == 3;
    int lines = exchanges ? threads * LINE * Float.BYTES : 0;
    // Rows that a tile does not have are looked up too, their result is not used.
    int groups = reorders ? 2 * threads * 2 * Float.BYTES : 0;
    return lines + groups;
  }

  /** Tiles of a block's values. */
  int valueTiles() {
    return Math.ceilDiv(columns, threads / LINE);
  }
}
