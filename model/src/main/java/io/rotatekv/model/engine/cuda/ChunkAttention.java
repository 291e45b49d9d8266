package io.rotatekv.model.engine.cuda;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.cuda.BlockExpander;
import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PrefillAttention;
import io.rotatekv.kernels.cuda.RopeKeysKernel;
import org.jspecify.annotations.Nullable;

/**
 * Attention of a chunk: each token to its own block as it is in the chunk, and to the blocks before
 * as they are stored.
 */
final class ChunkAttention implements AutoCloseable {

  private final DeviceModel model;
  private final long rowBytes; // of a token's key, and of its value, in one layer
  private final BlockExpander expander;
  private final RopeKeysKernel ropeKeys;
  private final PrefillAttention attention;
  private final DeviceBuffer freshKeys; // FP16 (chunk, kvDim), after RoPE
  private @Nullable Stored stored;

  /** Stored blocks as attention reads them: FP16 keys after RoPE and values, (tokens, kvDim). */
  private record Stored(DeviceBuffer keys, DeviceBuffer values) implements AutoCloseable {

    static Stored allocate(CudaDevice device, long bytes) {
      return new Stored(device.allocate(bytes), device.allocate(bytes));
    }

    @Override
    public void close() {
      keys.close();
      values.close();
    }
  }

  ChunkAttention(DeviceModel model) {
    this.model = model;
    rowBytes = (long) model.codec.shape().kvDim() * Short.BYTES;
    expander = new BlockExpander(model.device, model.codec, model.rope);
    ropeKeys = new RopeKeysKernel(model.device, model.config.kvHeads(), model.rope);
    attention =
        new PrefillAttention(
            model.device, model.config.heads(), model.config.kvHeads(), model.config.headDim());
    freshKeys = model.device.allocate(model.limits.chunkTokens() * rowBytes);
  }

  /**
   * Queues the attention of one layer; {@code query} and {@code attention} of the activations are
   * read and written.
   *
   * @param table addresses of the layer's blocks, those of the chunk included
   * @param keys the chunk's FP16 keys before RoPE, from the unfilled block's first token on
   * @param values the same of values
   */
  void attend(Chunk chunk, int layer, long table, long keys, long values) {
    int firstToken = chunk.firstBlock() * BLOCK_TOKENS;
    ropeKeys.rotate(keys, chunk.tokens(), firstToken, freshKeys.address(), model.stream);
    int blocks = chunk.storedBlocks();
    Stored expanded = stored(Math.max(blocks, 1));
    if (blocks > 0) {
      expander.expand(
          layer,
          table,
          blocks,
          0,
          expanded.keys().address(),
          expanded.values().address(),
          model.stream);
    }
    attention.attend(
        model.activations.query.address(),
        chunk.added(),
        chunk.position(),
        new PrefillAttention.Rows(expanded.keys().address(), expanded.values().address()),
        blocks * BLOCK_TOKENS,
        new PrefillAttention.Rows(freshKeys.address(), values),
        chunk.firstBlock(),
        PrefillAttention.Fresh.OWN_BLOCK,
        model.activations.attention.address(),
        model.stream);
  }

  /** Room for some blocks; grows by doubling, since few sequences fill the whole context. */
  private Stored stored(int blocks) {
    Stored room = stored;
    long bytes = (long) blocks * BLOCK_TOKENS * rowBytes;
    if (room == null || room.keys().bytes() < bytes) {
      if (room != null) {
        model.stream.synchronize();
        room.close();
      }
      room = Stored.allocate(model.device, Math.max(bytes, doubled(room)));
      stored = room;
    }
    return room;
  }

  private static long doubled(@Nullable Stored room) {
    return room == null ? 0 : 2 * room.keys().bytes();
  }

  @Override
  public void close() {
    if (stored != null) {
      stored.close();
    }
    freshKeys.close();
    attention.close();
    ropeKeys.close();
    expander.close();
  }
}
