package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

/**
 * New tokens of a sequence and the blocks that they fall into.
 *
 * @param position of the first new token, which is how many tokens the sequence has
 * @param added new tokens
 */
record Chunk(int position, int added) {

  /** Tokens that the unfilled block has already. */
  int held() {
    return position % BLOCK_TOKENS;
  }

  /** Tokens from the start of the unfilled block on. */
  int tokens() {
    return held() + added;
  }

  /** Index of the unfilled block. */
  int firstBlock() {
    return position / BLOCK_TOKENS;
  }

  /** Blocks that get full. */
  int fullBlocks() {
    return tokens() / BLOCK_TOKENS;
  }

  /** Tokens that are left for the next unfilled block. */
  int left() {
    return tokens() % BLOCK_TOKENS;
  }

  /** Blocks before the one that the last token is in: what is attended to as it is stored. */
  int storedBlocks() {
    return (position + added - 1) / BLOCK_TOKENS;
  }
}
