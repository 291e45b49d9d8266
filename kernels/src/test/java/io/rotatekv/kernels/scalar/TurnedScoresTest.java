package io.rotatekv.kernels.scalar;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.block.ScaleSections;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.GroupQuantizer;
import io.rotatekv.kernels.codec.GroupScales;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.Samples;
import io.rotatekv.kernels.codec.SidePlan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A block attended to as FORMAT.md says, its codes multiplied as they are by a query turned back to
 * the block's first position, gives the scores of its decoded keys turned to their positions.
 */
final class TurnedScoresTest {

  private static final KvShape SHAPE = new KvShape(1, 6, 64); // two chunks, of order 192
  private static final double[] FREQUENCIES = Samples.frequencies(SHAPE.headDim());

  private static Stream<CodecContext> contexts() {
    return Stream.of(CodecSpec.CENTRED_2, CodecSpec.SHAPED_2, CodecSpec.SHAPED_3)
        .map(spec -> Samples.context(spec, SHAPE));
  }

  @ParameterizedTest
  @MethodSource("contexts")
  void codesAsTheyAreGiveTheScoresOfDecodedKeys(CodecContext context) {
    BlockCodec codec = ScalarCodecs.create(context);
    float[] keys = new float[BLOCK_TOKENS * SHAPE.kvDim()];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(codec.maxBlockBytes(), Long.SIZE);
      codec.encode(0, Samples.rows(SHAPE, 1), Samples.rows(SHAPE, 2), 0, block);
      codec.decodeKeys(block, keys);
      float[] levels = levels(context, block);
      float[] mean = KeyMean.inModelBasis(context, 0);
      for (int first : new int[] {0, BLOCK_TOKENS, 40 * BLOCK_TOKENS}) {
        for (int head = 0; head < SHAPE.kvHeads(); head++) {
          double[] query = new Random(head).doubles(SHAPE.headDim(), -1, 1).toArray();
          double[] back = turned(query, -first);
          for (int token = 0; token < BLOCK_TOKENS; token++) {
            double expected = dot(query, turned(key(keys, head, token), first + token));
            double found =
                dot(rotated(back, head), row(levels, token, chunk(head)))
                    + dot(back, turned(head(mean, head), token));
            assertEquals(expected, found, 1e-4 * Math.sqrt(dot(query, query)));
          }
        }
      }
    }
  }

  /** What codes and scales say, {@code (64, kvDim)}: keys centred, turned and rotated. */
  private static float[] levels(CodecContext context, MemorySegment block) {
    CodecSpec spec = context.spec();
    BlockLayout layout = BlockLayout.of(spec, SHAPE);
    CodeFields fields = CodeFields.ofKeys(SHAPE, spec.bits());
    SidePlan plan = SidePlan.keys(context, 0);
    GroupScales scales = new GroupScales(SHAPE.groups());
    new ScaleSections(SHAPE)
        .read(
            block,
            layout.keyScales(),
            -1,
            GroupQuantizer.of(spec),
            plan.multiplier(),
            Hadamard.of(SHAPE.rotationOrder()).norm(),
            scales);
    float[] levels = new float[BLOCK_TOKENS * SHAPE.kvDim()];
    for (int at = 0; at < levels.length; at++) {
      int token = at / SHAPE.kvDim();
      int channel = at % SHAPE.kvDim();
      int index = plan.group()[channel] * BLOCK_TOKENS + token;
      int code = fields.get(block, layout.keyCodes(), token, channel);
      levels[at] = (code - scales.offsets[index]) * scales.factors[index];
    }
    return levels;
  }

  /** RoPE by some positions, in FP64. */
  private static double[] turned(double[] x, int positions) {
    int pairs = FREQUENCIES.length;
    double[] y = new double[x.length];
    for (int pair = 0; pair < pairs; pair++) {
      double cos = Math.cos(positions * FREQUENCIES[pair]);
      double sin = Math.sin(positions * FREQUENCIES[pair]);
      y[pair] = x[pair] * cos - x[pair + pairs] * sin;
      y[pair + pairs] = x[pair + pairs] * cos + x[pair] * sin;
    }
    return y;
  }

  /** A head's vector, rotated with zeros in the other heads of its chunk, without the norm. */
  private static double[] rotated(double[] x, int head) {
    float[] chunk = new float[SHAPE.rotationOrder()];
    int from = head % SHAPE.rotationHeads() * SHAPE.headDim();
    for (int i = 0; i < x.length; i++) {
      chunk[from + i] = (float) x[i];
    }
    Hadamard rotation = Hadamard.of(chunk.length);
    rotation.forward(chunk, 0);
    double[] y = new double[chunk.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = chunk[i] / rotation.norm();
    }
    return y;
  }

  /** First channel of the chunk of a head. */
  private static int chunk(int head) {
    return head / SHAPE.rotationHeads() * SHAPE.rotationOrder();
  }

  private static double[] row(float[] levels, int token, int from) {
    double[] row = new double[SHAPE.rotationOrder()];
    for (int i = 0; i < row.length; i++) {
      row[i] = levels[token * SHAPE.kvDim() + from + i];
    }
    return row;
  }

  private static double[] head(float[] channels, int head) {
    double[] x = new double[SHAPE.headDim()];
    for (int i = 0; i < x.length; i++) {
      x[i] = channels[head * x.length + i];
    }
    return x;
  }

  private static double[] key(float[] keys, int head, int token) {
    double[] x = new double[SHAPE.headDim()];
    for (int i = 0; i < x.length; i++) {
      x[i] = keys[(head * x.length + i) * BLOCK_TOKENS + token];
    }
    return x;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
