package io.rotatekv.eval.accuracy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.cpu.LayerWindow;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class AttentionShareTest {

  private static final float LN_4 = (float) Math.log(4);

  private static double[] shares(int kvHeads, float[] keys, float[] queries, int queryRows) {
    KvShape shape = new KvShape(1, kvHeads, 2);
    int tokens = keys.length / shape.kvDim();
    LayerWindow window =
        new LayerWindow(
            0, shape, tokens, keys, keys, new float[tokens], queries, queryRows, (rows, n) -> {});
    return new AttentionShare(window, keys).perToken();
  }

  @Test
  void everyQuerySharesItsAttentionAmongTheTokensUpToIt() {
    float[] keys = {LN_4, 0, 0, 0, 0, 0};
    float[] queries = {1, 0, 1, 0, 1, 0};
    // 1; 4/5, 1/5; 4/6, 1/6, 1/6: three digits of the means.
    assertArrayEquals(new double[] {0.822, 0.122, 0.0556}, shares(1, keys, queries, 3), 1e-12);
  }

  @Test
  void queryHeadsReadTheKvHeadOfTheirGroup() {
    // Two KV heads: the first draws all to token 0 where it is asked, the second treats both alike.
    float[] keys = {100, 0, 0, 0, 0, 0, 0, 0};
    float[] queries = {1, 0, 0, 0, 1, 0, 1, 0}; // four heads of the newest token
    assertArrayEquals(new double[] {0.625, 0.375}, shares(2, keys, queries, 1), 1e-12);
  }

  @Test
  void onlyTheLastQueriesCount() {
    int tokens = 65; // the first query, which could only see token 0, is left out
    float[] queries = new float[tokens * 2];
    Arrays.fill(queries, 0, 2, 1);
    double[] shares = shares(1, new float[tokens * 2], queries, tokens);
    double expected = 0;
    for (int visible = 2; visible <= tokens; visible++) {
      expected += 1.0 / visible / 64;
    }
    assertArrayEquals(new double[] {expected}, Arrays.copyOf(shares, 1), 5e-4 * expected * 10);
  }
}
