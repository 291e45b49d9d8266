package io.rotatekv.model.engine.cpu;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.Kernels;
import io.rotatekv.kernels.Team;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.ops.RopeTable;
import io.rotatekv.model.ModelConfig;
import io.rotatekv.model.engine.Attend;
import io.rotatekv.model.engine.BlockListener;

/**
 * Attention over what a {@link CacheMethod} stores. A step of several tokens is stored together
 * with all before it, then attended to; steps of one token wait in full precision until a block of
 * them has come.
 */
final class WindowAttention implements LayerAttention {

  /** Rows per parallel task: enough work to pay for the hand-over. */
  private static final int ROWS_PER_TASK = 4;

  private final Kernels kernels;
  private final Team team;
  private final ModelConfig config;
  private final KvShape shape;
  private final CacheMethod method;
  private final Attend attend;
  private final RopeTable rope;
  private final AttentionRows attention;

  WindowAttention(
      Kernels kernels,
      Team team,
      ModelConfig config,
      CacheMethod method,
      Attend attend,
      RopeTable rope) {
    this.kernels = kernels;
    this.team = team;
    this.config = config;
    this.shape = new KvShape(config.layers(), config.kvHeads(), config.headDim());
    this.method = method;
    this.attend = attend;
    this.rope = rope;
    this.attention = new AttentionRows(kernels, config, rope);
  }

  @Override
  public EngineSequence open(BlockListener listener) {
    return new WindowSequence(config, shape);
  }

  @Override
  public void attend(EngineSequence sequence, int layer, int firstRow, int rows, Workspace w) {
    WindowLayer cache = ((WindowSequence) sequence).layer(layer);
    int position = cache.tokens();
    for (int row = firstRow; row < firstRow + rows; row++) {
      attention.rotateQuery(w, row, cache.tokens());
      cache.append(w, row, this::rotate);
    }
    if (rows > 1 || cache.waiting() >= BLOCK_TOKENS) {
      cache.store(method, layer, this::rotate);
    }
    attention.clear(w, firstRow, rows);
    int rowTasks = Math.ceilDiv(rows, ROWS_PER_TASK);
    team.run(
        rowTasks * shape.kvHeads(),
        task -> {
          MixedTiles tiles = new MixedTiles(cache, shape, task % shape.kvHeads());
          int from = task / shape.kvHeads() * ROWS_PER_TASK;
          for (int i = from; i < Math.min(rows, from + ROWS_PER_TASK); i++) {
            attendRow(cache, tiles, firstRow + i, position + i, w);
          }
        });
    attention.finish(w, firstRow, rows);
  }

  private void attendRow(WindowLayer cache, MixedTiles tiles, int row, int position, Workspace w) {
    int keysFrom = exactFrom(cache.recent().keysFrom(position), position, cache);
    int valuesFrom = exactFrom(cache.recent().valuesFrom(position), position, cache);
    for (int first = 0; first <= position; first += BLOCK_TOKENS) {
      tiles.select(first / BLOCK_TOKENS, keysFrom, valuesFrom);
      attention.fold(
          w,
          row,
          tiles.kvHead(),
          tiles.keys(),
          tiles.keyOffset(),
          tiles.values(),
          tiles.valueOffset(),
          tiles.valueStride(),
          Math.min(BLOCK_TOKENS, position + 1 - first));
    }
  }

  /**
   * The first token read exactly: by the method, by {@link Attend}, or for want of a stored one.
   */
  private int exactFrom(int recent, int position, WindowLayer cache) {
    int exact =
        switch (attend) {
          case QUANTIZED -> recent;
          case BLOCK -> Math.min(recent, position / BLOCK_TOKENS * BLOCK_TOKENS);
          case FULL -> 0;
        };
    exact = Math.min(exact, cache.storedTokens());
    return exact > position ? MixedTiles.NOTHING : exact;
  }

  private void rotate(float[] keys, int offset, int position) {
    kernels.rope().rotate(keys, offset, shape.kvHeads(), position, rope);
  }
}
