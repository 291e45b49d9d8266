package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.ops.RopeTable;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Attention of new tokens over their sequence: appends their keys and values to the tail, folds the
 * blocks before it tile by tile, and encodes the tail whenever it is full.
 *
 * <p>Tiles are decoded in batches, in parallel, then folded in the order of the context, in
 * parallel over rows and KV heads. The result of a row is therefore the same for any number of
 * threads and however a prompt is cut.
 */
final class CachedAttention implements LayerAttention {

  /** Tiles decoded at a time: bounds the scratch to some hundred KiB per KV head. */
  private static final int TILE_BATCH = 8;

  /** Rows per parallel task: enough work to pay for the hand-over. */
  private static final int ROWS_PER_TASK = 4;

  private final Kernels kernels;
  private final Team team;
  private final ModelConfig config;
  private final KvShape shape;
  private final CodecContext context;
  private final Attend attend;
  private final RopeTable rope;
  private final AttentionRows attention;
  private final BlockCodec[] codecs;
  private final KvTile[] scratch;
  private final KvTile[] batch;
  private final MemorySegment encoded;

  CachedAttention(
      Kernels kernels,
      Team team,
      ModelConfig config,
      CodecContext context,
      Attend attend,
      RopeTable rope,
      Arena arena) {
    this.kernels = kernels;
    this.team = team;
    this.config = config;
    this.shape = context.shape();
    this.context = context;
    this.attend = attend;
    this.rope = rope;
    this.attention = new AttentionRows(kernels, config, rope);
    this.codecs =
        IntStream.range(0, TILE_BATCH)
            .mapToObj(slot -> kernels.codec(context))
            .toArray(BlockCodec[]::new);
    this.scratch =
        IntStream.range(0, TILE_BATCH)
            .mapToObj(slot -> KvTile.allocate(shape))
            .toArray(KvTile[]::new);
    this.batch = scratch.clone();
    this.encoded = arena.allocate(codecs[0].maxBlockBytes(), Long.SIZE);
  }

  @Override
  public EngineSequence open(BlockListener listener) {
    return new CpuSequence(context, listener);
  }

  @Override
  public List<EncodeStats> encodeStats() {
    return IntStream.range(0, shape.layers()).mapToObj(codecs[0]::stats).toList();
  }

  @Override
  public void attend(EngineSequence opened, int layer, int firstRow, int rows, Workspace w) {
    CpuSequence sequence = (CpuSequence) opened;
    LayerCache cache = sequence.layer(layer);
    int done = 0;
    while (done < rows) {
      int position = sequence.length() + done;
      int block = position / BLOCK_TOKENS;
      int filled = position % BLOCK_TOKENS;
      int count = Math.min(rows - done, BLOCK_TOKENS - filled);
      append(cache, layer, firstRow + done, count, position, w);
      attendBlock(cache, layer, block, filled, firstRow + done, count, w);
      if (cache.tail().full()) {
        close(sequence, layer, block);
      }
      done += count;
    }
  }

  private void append(
      LayerCache cache, int layer, int firstRow, int count, int position, Workspace w) {
    int width = shape.kvDim();
    for (int i = 0; i < count; i++) {
      int row = firstRow + i;
      boolean sink = isSink(layer, w.hidden, row * config.hidden());
      cache
          .tail()
          .append(
              layer,
              w.key,
              w.value,
              row * width,
              sink,
              position + i,
              kernels.rope(),
              rope,
              codecs[0]);
      attention.rotateQuery(w, row, position + i);
    }
  }

  private boolean isSink(int layer, float[] hidden, int offset) {
    if (context.layers().isEmpty()) {
      return false;
    }
    float threshold = context.layers().get(layer).sinkThreshold();
    float largest = 0;
    // Without a way out of the loop, so that the compiler vectorizes it.
    for (int i = offset; i < offset + config.hidden(); i++) {
      largest = Math.max(largest, Math.abs(hidden[i]));
    }
    return largest > threshold;
  }

  private void attendBlock(
      LayerCache cache, int layer, int block, int filled, int firstRow, int count, Workspace w) {
    attention.clear(w, firstRow, count);
    for (int from = 0; from < block; from += TILE_BATCH) {
      int first = from;
      int tiles = Math.min(TILE_BATCH, block - from);
      team.run(tiles, slot -> batch[slot] = tile(cache, first + slot, slot));
      foldAll(tiles, firstRow, count, -1, w);
    }
    batch[0] = ownTile(cache, layer, block);
    foldAll(1, firstRow, count, filled, w);
    attention.finish(w, firstRow, count);
    codecs[0].unrotate(layer, w.attention, firstRow * config.queryDim(), count * config.heads());
  }

  private KvTile tile(LayerCache cache, int block, int slot) {
    KvTile fresh = cache.fresh(block);
    return fresh != null ? fresh : decode(cache.block(block), block, slot);
  }

  private KvTile decode(MemorySegment bytes, int block, int slot) {
    KvTile tile = scratch[slot];
    codecs[slot].decodeKeys(bytes, tile.keys());
    kernels.rope().rotateTile(tile.keys(), shape.kvHeads(), block, rope);
    codecs[slot].decodeValues(bytes, tile.values());
    return tile;
  }

  private KvTile ownTile(LayerCache cache, int layer, int block) {
    if (attend != Attend.QUANTIZED) {
      return cache.tail().tile();
    }
    int length = cache.tail().encode(codecs[0], layer, encoded);
    return decode(encoded.asSlice(0, length), block, 0);
  }

  /**
   * Folds a batch of tiles into the state of all rows.
   *
   * @param filled tokens of the tile before the first row, where the tile is the rows' own block
   *     and row i sees {@code filled + i + 1} of its tokens; negative where rows see all 64
   */
  private void foldAll(int tiles, int firstRow, int count, int filled, Workspace w) {
    int rowTasks = Math.ceilDiv(count, ROWS_PER_TASK);
    team.run(
        rowTasks * shape.kvHeads(),
        task -> {
          int kvHead = task % shape.kvHeads();
          int from = task / shape.kvHeads() * ROWS_PER_TASK;
          for (int t = 0; t < tiles; t++) {
            for (int i = from; i < Math.min(count, from + ROWS_PER_TASK); i++) {
              int visible = filled < 0 ? BLOCK_TOKENS : filled + i + 1;
              attention.fold(w, firstRow + i, kvHead, batch[t], visible);
            }
          }
        });
  }

  private void close(CpuSequence sequence, int layer, int block) {
    Tail tail = sequence.layer(layer).tail();
    int length = tail.encode(codecs[0], layer, encoded);
    KvTile fresh = attend == Attend.FULL ? tail.tile().copy() : null;
    sequence.add(layer, block, encoded.asSlice(0, length), fresh);
    tail.clear();
  }
}
