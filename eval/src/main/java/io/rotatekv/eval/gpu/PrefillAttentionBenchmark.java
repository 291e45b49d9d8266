package io.rotatekv.eval.gpu;

import io.rotatekv.kernels.cuda.CudaDevice;
import io.rotatekv.kernels.cuda.DeviceBuffer;
import io.rotatekv.kernels.cuda.PrefillAttention;
import io.rotatekv.kernels.cuda.RandomNormal;
import java.util.List;
import java.util.function.Consumer;

/** Causal attention of a whole prompt: its own block fresh, the earlier ones as they are stored. */
final class PrefillAttentionBenchmark {

  private static final int HEADS = 32;
  private static final int HEAD_DIM = 128;
  private static final List<Integer> KV_HEADS = List.of(32, 8);
  private static final List<Integer> TOKENS = List.of(4096, 16384);
  private static final double LOG2_E = 1 / Math.log(2);

  private final CudaDevice device;
  private final RandomNormal random;
  private final GpuTimer timer;
  private final Baselines others;

  PrefillAttentionBenchmark(
      CudaDevice device, RandomNormal random, GpuTimer timer, Baselines others) {
    this.device = device;
    this.random = random;
    this.timer = timer;
    this.others = others;
  }

  void measure(Consumer<PrefillAttentionRow> rows) {
    for (int kvHeads : KV_HEADS) {
      for (int tokens : TOKENS) {
        rows.accept(
            PrefillAttentionRow.of(
                HEADS,
                kvHeads,
                HEAD_DIM,
                tokens,
                milliseconds(kvHeads, tokens),
                others.prefillAttention(HEADS, kvHeads, tokens).orElse(null)));
      }
    }
  }

  private double milliseconds(int kvHeads, int tokens) {
    try (Owned owned = new Owned()) {
      PrefillAttention attention =
          owned.own(new PrefillAttention(device, HEADS, kvHeads, HEAD_DIM));
      float scale = (float) (LOG2_E / Math.sqrt(HEAD_DIM));
      DeviceBuffer query = normal(HEADS, tokens, scale, owned);
      DeviceBuffer out = normal(HEADS, tokens, 1, owned);
      PrefillAttention.Rows stored = rows(kvHeads, tokens, owned);
      PrefillAttention.Rows fresh = rows(kvHeads, tokens, owned);
      return timer.milliseconds(
          List.of(stream ->
              attention.attend(
                  query.address(),
                  tokens,
                  0,
                  stored,
                  tokens,
                  fresh,
                  0,
                  PrefillAttention.Fresh.OWN_BLOCK,
                  out.address(),
                  stream)));
    }
  }

  private PrefillAttention.Rows rows(int kvHeads, int tokens, Owned owned) {
    return new PrefillAttention.Rows(
        normal(kvHeads, tokens, 1, owned).address(), normal(kvHeads, tokens, 1, owned).address());
  }

  private DeviceBuffer normal(int heads, int tokens, float deviation, Owned owned) {
    DeviceBuffer rows = owned.own(device.allocate((long) tokens * heads * HEAD_DIM * Short.BYTES));
    random.fill(rows, rows.address(), deviation, timer.stream());
    return rows;
  }
}
