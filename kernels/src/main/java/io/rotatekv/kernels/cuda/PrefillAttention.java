package io.rotatekv.kernels.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

/**
 * Causal attention of consecutive tokens of one sequence on tensor cores, over keys and values as
 * they are stored and over fresh ones.
 */
public final class PrefillAttention implements AutoCloseable {

  private static final int THREADS = 128;

  /** Rows of query, and of two stages each of keys and values, in shared memory. */
  private static final int SHARED_ROWS = 2 * BLOCK_TOKENS + 2 * 2 * BLOCK_TOKENS;

  /** Which keys and values a token sees fresh, numbered as {@code Attend} in the kernel. */
  public enum Fresh {
    /** Those of its own block. */
    OWN_BLOCK(0),
    /** Those from a given block on. */
    FROM_FIRST(1),
    /** None. */
    NONE(2);

    private final int number;

    Fresh(int number) {
      this.number = number;
    }
  }

  /**
   * Where keys and values lie.
   *
   * @param keys address of FP16 keys after RoPE, {@code (tokens, kvHeads, headDim)}
   * @param values address of FP16 values, {@code (tokens, kvHeads, headDim)}
   */
  public record Rows(long keys, long values) {}

  private final int heads;
  private final int kvHeads;
  private final CudaModule module;
  private final CudaKernel kernel;

  /**
   * Loads the kernel.
   *
   * @throws IllegalArgumentException if it does not know the shape
   */
  public PrefillAttention(CudaDevice device, int heads, int kvHeads, int headDim) {
    if ((headDim != 64 && headDim != 128) || kvHeads < 1 || heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          ("the GPU's attention knows heads of 64 or 128 channels and whole numbers of query heads"
                  + " per KV head, not %d heads of %d on %d; take --backend cpu")
              .formatted(heads, headDim, kvHeads));
    }
    this.heads = heads;
    this.kvHeads = kvHeads;
    module = device.module("prefill_attention");
    kernel =
        module
            .kernel("prefill_attention_" + headDim)
            .sharedBytes(SHARED_ROWS * headDim * Short.BYTES);
  }

  /**
   * Queues the attention of one layer.
   *
   * @param query FP16 queries after RoPE times log2(e) / sqrt(headDim), {@code (rows, heads,
   *     headDim)}
   * @param rows how many tokens
   * @param position of the first of them
   * @param stored from position 0 on, at least what the tokens see of it
   * @param storedTokens how many
   * @param fresh from position {@code 64 freshBlock} on, to the last row's
   * @param freshBlock with {@link Fresh#OWN_BLOCK} at most the first row's block
   * @param out gets FP16, {@code (rows, heads, headDim)}
   */
  public void attend(
      long query,
      int rows,
      int position,
      Rows stored,
      int storedTokens,
      Rows fresh,
      int freshBlock,
      Fresh mode,
      long out,
      CudaStream stream) {
    KernelArguments arguments =
        KernelArguments.build()
            .address(query)
            .address(stored.keys)
            .address(stored.values)
            .address(fresh.keys)
            .address(fresh.values)
            .address(out)
            .int32(rows)
            .int32(position)
            .int32(heads)
            .int32(kvHeads)
            .int32(storedTokens)
            .int32(freshBlock)
            .int32(mode.number);
    int blocks = (position + rows - 1) / BLOCK_TOKENS - position / BLOCK_TOKENS + 1;
    // Two query tiles a thread block: of two heads that share keys and values, else of two blocks.
    boolean pairs = heads / kvHeads % 2 == 0;
    int tiles = pairs ? blocks : Math.ceilDiv(blocks, 2);
    kernel.launch(tiles, pairs ? heads / 2 : heads, 1, THREADS, stream, arguments);
  }

  @Override
  public void close() {
    module.close();
  }
}
