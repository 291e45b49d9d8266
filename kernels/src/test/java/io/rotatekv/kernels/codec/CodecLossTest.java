package io.rotatekv.kernels.codec;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.block.EncodeSampler;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import io.rotatekv.kernels.simd.SimdCodecs;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CodecLossTest {

  private static final KvShape SHAPE = new KvShape(1, 3, 64);
  private static final int KV_DIM = SHAPE.kvDim();

  /**
   * The bounds are the measured errors and a third; on normal data 2 bits cannot go below 0.117.
   */
  @ParameterizedTest
  @CsvSource({
    "fp16, 1e-7",
    "rotatekv2, 0.2",
    "rotatekv3, 0.05",
    "rotatekv4, 0.011",
    "centred2, 0.17",
    "shaped2, 0.2",
    "shaped3, 0.06",
    "shaped4, 0.015"
  })
  void relativeSquaredErrorIsBounded(String name, double bound) {
    BlockCodec codec = codec(CodecSpec.parse(name));
    float[] keys = Samples.rows(SHAPE, 1);
    float[] values = Samples.rows(SHAPE, 2);
    Decoded decoded = roundTrip(codec, keys, values, 0);
    assertTrue(error(keys, decoded.keys) < bound, () -> "keys " + error(keys, decoded.keys));
    assertTrue(error(values, decoded.values) < bound);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rotatekv2", "rotatekv3", "rotatekv4", "centred2", "shaped2"})
  void sinksAreExactToFp16AndOthersDoNotNotice(String name) {
    BlockCodec codec = codec(CodecSpec.parse(name));
    float[] keys = Samples.rows(SHAPE, 1);
    float[] values = Samples.rows(SHAPE, 2);
    Decoded plain = roundTrip(codec, keys, values, 0);
    Decoded decoded = roundTrip(codec, keys, values, 1L << 5);
    for (int i = 0; i < keys.length; i++) {
      if (i / KV_DIM == 5) {
        assertEquals(Float.float16ToFloat(Float.floatToFloat16(keys[i])), decoded.keys[i]);
        assertEquals(values[i], decoded.values[i], 4e-3f);
      } else {
        assertEquals(plain.keys[i], decoded.keys[i]);
        assertEquals(plain.values[i], decoded.values[i]);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp16", "rotatekv2", "shaped2"})
  void theErrorOfTheFirstBlockAndOfEvery128thIsSampled(String name) {
    BlockCodec codec = codec(CodecSpec.parse(name));
    float[] keys = Samples.rows(SHAPE, 1);
    float[] values = Samples.rows(SHAPE, 2);
    Decoded decoded = roundTrip(codec, keys, values, 0);
    roundTrip(codec, new float[keys.length], values, 0); // must not count
    SampledError first = codec.stats(0).sampled();
    assertEquals(1, first.blocks());
    assertEquals(error(keys, decoded.keys), first.keys(), 1e-8);
    assertEquals(error(values, decoded.values), first.values(), 1e-8);

    for (int block = 2; block <= EncodeSampler.EVERY; block++) {
      roundTrip(codec, keys, values, 0);
    }
    SampledError second = codec.stats(0).sampled();
    assertEquals(2, second.blocks());
    assertEquals(2 * first.keyError(), second.keyError(), 1e-9);
    assertEquals(first.values(), second.values(), 1e-8);
  }

  @Test
  void sinksDoNotEnterTheSampledError() {
    float[] keys = Samples.rows(SHAPE, 1);
    BlockCodec plain = codec(CodecSpec.ROTATEKV_2);
    roundTrip(plain, keys, keys, -1L << 1);
    BlockCodec outlier = codec(CodecSpec.ROTATEKV_2);
    float[] large = keys.clone();
    large[7 * KV_DIM] = 1e4f;
    roundTrip(outlier, large, large, -1L << 1);
    assertEquals(plain.stats().sampled(), outlier.stats().sampled());
    assertTrue(plain.stats().sampled().keys() > 0);
  }

  /** A row whose rotation is constant: one element of the first channel of each rotation. */
  @ParameterizedTest
  @ValueSource(strings = {"rotatekv2", "rotatekv3", "rotatekv4"})
  void constantGroupsComeBack(String name) {
    BlockCodec codec = codec(CodecSpec.parse(name));
    float[] values = new float[BLOCK_TOKENS * KV_DIM];
    for (int i = 0; i < values.length; i += SHAPE.headDim()) {
      values[i] = -3f;
    }
    Decoded decoded = roundTrip(codec, values, values, 0);
    assertTrue(error(values, decoded.values) < 1e-3);
  }

  @ParameterizedTest
  @ValueSource(floats = {0f, 1e-30f, 1e-6f, 1e6f, 1e29f})
  void anyRangeGivesFiniteNumbersAndEqualBackends(float factor) {
    for (CodecSpec spec : CodecSpec.ALL) {
      float[] keys = Samples.rows(SHAPE, 1);
      for (int i = 0; i < keys.length; i++) {
        keys[i] *= factor;
      }
      BlockCodec scalar = codec(spec);
      Decoded expected = roundTrip(scalar, keys, keys, 2);
      BlockCodec simd = SimdCodecs.create(Samples.context(spec, SHAPE));
      Decoded found = roundTrip(simd, keys, keys, 2);
      for (int i = 0; i < keys.length; i++) {
        assertTrue(Float.isFinite(expected.keys[i]) && Float.isFinite(expected.values[i]));
        assertEquals(expected.keys[i], found.keys[i]);
        assertEquals(expected.values[i], found.values[i]);
      }
      assertEquals(scalar.stats(), simd.stats());
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0x1p100f})
  void brokenInputIsRefusedByPlace(float broken) {
    for (CodecSpec spec : CodecSpec.ALL) {
      CodecContext context = Samples.context(spec, SHAPE);
      for (BlockCodec codec : List.of(ScalarCodecs.create(context), SimdCodecs.create(context))) {
        float[] keys = Samples.rows(SHAPE, 1);
        float[] values = keys.clone();
        values[9 * KV_DIM + 4] = broken;
        MemorySegment out = MemorySegment.ofArray(new byte[codec.maxBlockBytes()]);
        @Nullable String message =
            assertThrows(
                    IllegalArgumentException.class, () -> codec.encode(0, keys, values, 0, out))
                .getMessage();
        assertTrue(
            String.valueOf(message).contains("value of layer 0, token 9, channel 4"), message);
      }
    }
  }

  @Test
  void inputIsNotChanged() {
    float[] keys = Samples.rows(SHAPE, 1);
    float[] copy = keys.clone();
    roundTrip(SimdCodecs.create(Samples.context(CodecSpec.CENTRED_2, SHAPE)), keys, keys, 1);
    assertTrue(Arrays.equals(copy, keys));
  }

  @Test
  void halvesBeyondFp16SaturateAndAreCounted() {
    BlockCodec codec = codec(CodecSpec.FP16);
    float[] keys = Samples.rows(SHAPE, 1);
    float[] values = keys.clone();
    keys[0] = -1e6f;
    assertEquals(-65504f, roundTrip(codec, keys, values, 0).keys[0]);
    assertEquals(1, codec.stats().saturatedHalves());
  }

  @ParameterizedTest
  @CsvSource({"8", "24", "96", "512"})
  void headDimensionsWithoutSupportAreRefused(int headDim) {
    KvShape shape = new KvShape(1, 1, headDim);
    CodecContext context = Samples.context(CodecSpec.ROTATEKV_2, shape);
    assertThrows(IllegalArgumentException.class, () -> ScalarCodecs.create(context));
    assertThrows(IllegalArgumentException.class, () -> SimdCodecs.create(context));
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Decoded(float[] keys, float[] values) {}

  private static BlockCodec codec(CodecSpec spec) {
    return ScalarCodecs.create(Samples.context(spec, SHAPE));
  }

  /** Both decoded to {@code (64, kvDim)} in the model's basis. */
  private static Decoded roundTrip(BlockCodec codec, float[] keys, float[] values, long sinks) {
    MemorySegment block = MemorySegment.ofArray(new byte[codec.maxBlockBytes()]);
    codec.encode(0, keys, values, sinks, block);
    float[] columns = new float[keys.length];
    float[] rows = new float[keys.length];
    float[] back = new float[keys.length];
    codec.decodeKeys(block, columns);
    codec.decodeValues(block, back);
    codec.unrotate(0, back, 0, BLOCK_TOKENS * SHAPE.kvHeads());
    for (int i = 0; i < rows.length; i++) {
      rows[i] = columns[i % KV_DIM * BLOCK_TOKENS + i / KV_DIM];
    }
    return new Decoded(rows, back);
  }

  private static double error(float[] expected, float[] found) {
    double error = 0;
    double power = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow(expected[i] - found[i], 2);
      power += Math.pow(expected[i], 2);
    }
    return error / power;
  }
}
