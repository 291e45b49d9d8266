package io.rotatekv.eval.gpu;

import java.util.ArrayList;
import java.util.List;

/**
 * What attention of one new token per sequence works on.
 *
 * @param qHeads query heads
 * @param kvHeads key and value heads
 * @param headDim channels per head
 * @param batch sequences
 * @param context stored tokens of each, a multiple of 64
 */
public record AttentionShape(int qHeads, int kvHeads, int headDim, int batch, int context) {

  /**
   * The shapes that are measured: multi-head and grouped-query attention, latency and throughput.
   */
  public static final List<AttentionShape> ALL = all();

  private static List<AttentionShape> all() {
    int[][] batchAndContext = {
      {1, 4096}, {1, 32768}, {1, 81920}, {16, 4096}, {64, 4096}, {16, 32768},
    };
    List<AttentionShape> shapes = new ArrayList<>();
    for (int kvHeads : new int[] {32, 8}) {
      for (int[] pair : batchAndContext) {
        shapes.add(new AttentionShape(32, kvHeads, 128, pair[0], pair[1]));
      }
    }
    return List.copyOf(shapes);
  }
}
