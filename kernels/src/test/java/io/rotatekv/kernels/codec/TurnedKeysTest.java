package io.rotatekv.kernels.codec;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.block.BlockLayout;
import io.rotatekv.kernels.scalar.KeyMean;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import io.rotatekv.kernels.simd.SimdCodecs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Keys of codecs that centre are stored turned by RoPE for their places in the block. */
final class TurnedKeysTest {

  private static final KvShape SHAPE = new KvShape(1, 4, 64);

  private static Stream<BlockCodec> codecs() {
    return Stream.of(CodecSpec.CENTRED_2, CodecSpec.SHAPED_2, CodecSpec.SHAPED_4)
        .map(spec -> Samples.context(spec, SHAPE))
        .flatMap(context -> Stream.of(ScalarCodecs.create(context), SimdCodecs.create(context)));
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void keysThatRopeMakesAlikeHaveTheSameScales(BlockCodec codec) {
    BlockLayout layout = BlockLayout.of(codec.spec(), SHAPE);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment block = encode(codec, turningBack(1), arena);
      int groups = SHAPE.groups();
      for (int token = 1; token < BLOCK_TOKENS; token++) {
        for (int group = 0; group < groups; group++) {
          int at = layout.keyScales() + token * groups + group;
          assertEquals(
              block.get(ValueLayout.JAVA_BYTE, layout.keyScales() + group),
              block.get(ValueLayout.JAVA_BYTE, at),
              "scale of group " + group + " of token " + token);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void decodingUndoesTheTurnAndAddsTheMean(BlockCodec codec) {
    float spread = 0.01f; // of keys about a mean of 0.5: nothing that forgot it would be as near
    float[] keys = turningBack(spread);
    float[] decoded = new float[keys.length];
    try (Arena arena = Arena.ofConfined()) {
      codec.decodeKeys(encode(codec, keys, arena), decoded);
    }
    double error = 0;
    for (int token = 0; token < BLOCK_TOKENS; token++) {
      for (int channel = 0; channel < SHAPE.kvDim(); channel++) {
        float difference =
            decoded[channel * BLOCK_TOKENS + token] - keys[token * SHAPE.kvDim() + channel];
        error += difference * difference;
      }
    }
    double relative = Math.sqrt(error / keys.length) / spread;
    assertTrue(relative < (codec.spec().bits() == 2 ? 0.5 : 0.2), "error " + relative);
  }

  @Test
  void codecsThatCentreNeedAngles() {
    CodecContext context = Samples.context(CodecSpec.CENTRED_2, SHAPE);
    List<LayerCalibration> layers = context.layers();
    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> new CodecContext(context.spec(), SHAPE, layers, 1, BlockRope.NONE));
    assertEquals(
        "codec centred2 turns the 32 pairs of a head by RoPE, got angles of 0",
        refusal.getMessage());
  }

  /** Keys that are the mean plus the same vector for all tokens, turned back by their places. */
  private static float[] turningBack(float spread) {
    CodecContext context = Samples.context(CodecSpec.CENTRED_2, SHAPE);
    float[] mean = KeyMean.inModelBasis(context, 0);
    double[] frequencies = Samples.frequencies(SHAPE.headDim());
    Random random = new Random(5);
    float[] keys = new float[BLOCK_TOKENS * SHAPE.kvDim()];
    int pairs = frequencies.length;
    for (int channel = 0; channel < SHAPE.kvDim(); channel++) {
      int pair = channel % SHAPE.headDim();
      if (pair >= pairs) {
        continue;
      }
      double a = spread * random.nextGaussian();
      double b = spread * random.nextGaussian();
      for (int token = 0; token < BLOCK_TOKENS; token++) {
        double angle = token * frequencies[pair];
        int at = token * SHAPE.kvDim() + channel;
        keys[at] = (float) (mean[channel] + a * Math.cos(angle) + b * Math.sin(angle));
        keys[at + pairs] =
            (float) (mean[channel + pairs] + b * Math.cos(angle) - a * Math.sin(angle));
      }
    }
    return keys;
  }

  private static MemorySegment encode(BlockCodec codec, float[] keys, Arena arena) {
    MemorySegment block = arena.allocate(codec.maxBlockBytes(), Long.SIZE);
    codec.encode(0, keys, new float[keys.length], 0, block);
    return block;
  }
}
