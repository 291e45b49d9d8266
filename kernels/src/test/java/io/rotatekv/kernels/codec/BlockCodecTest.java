package io.rotatekv.kernels.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.block.Blocks;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import io.rotatekv.kernels.simd.SimdCodecs;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every backend writes the same bytes and reads the same floats as the scalar codecs. */
class BlockCodecTest {

  private static final long SINKS = 1L | 1L << 17 | 1L << 63;

  static List<CodecContext> contexts() {
    List<CodecContext> contexts = new ArrayList<>();
    for (KvShape shape : shapes()) {
      for (CodecSpec spec : CodecSpec.ALL) {
        contexts.add(Samples.context(spec, shape));
      }
    }
    contexts.add(mixed());
    return contexts;
  }

  /** Layers with codecs of their own, as a gate asks for; the last one is tested. */
  private static CodecContext mixed() {
    KvShape shape = new KvShape(2, 3, 64);
    return Samples.context(CodecSpec.SHAPED_2, shape)
        .with(List.of(CodecSpec.FP16, CodecSpec.SHAPED_3));
  }

  private static List<KvShape> shapes() {
    return List.of(
        new KvShape(2, 1, 64), // one head: no mixing across heads
        new KvShape(2, 3, 64), // the order-12 factor
        new KvShape(1, 2, 64),
        new KvShape(1, 5, 64), // several chunks of one head
        new KvShape(1, 4, 64), // order 256, one chunk
        new KvShape(1, 8, 128), // two chunks
        new KvShape(1, 3, 128), // order 384
        new KvShape(1, 6, 32), // order 96, patches with padding: left to the scalar codecs
        new KvShape(1, 4, 16), // the smallest heads
        new KvShape(1, 2, 256)); // two groups per head
  }

  @ParameterizedTest
  @MethodSource("contexts")
  void simdEqualsScalar(CodecContext context) {
    for (long sinks : new long[] {SINKS, -1L}) {
      BlockCodec scalar = ScalarCodecs.create(context);
      BlockCodec simd = SimdCodecs.create(context);
      float[] keys = withOddTokens(context.shape(), 1);
      float[] values = withOddTokens(context.shape(), 2);
      int layer = context.shape().layers() - 1;
      MemorySegment expected = MemorySegment.ofArray(new byte[scalar.maxBlockBytes()]);
      MemorySegment found = MemorySegment.ofArray(new byte[scalar.maxBlockBytes()]);
      int length = scalar.encode(layer, keys, values, sinks, expected);
      assertEquals(length, simd.encode(layer, keys, values, sinks, found));
      assertEquals(-1, expected.mismatch(found));
      assertEquals(scalar.stats(), simd.stats());
      Blocks.verify(found, context, layer);

      float[] expectedFloats = new float[keys.length];
      float[] foundFloats = new float[keys.length];
      scalar.decodeKeys(expected, expectedFloats);
      simd.decodeKeys(expected, foundFloats);
      assertArrayEquals(expectedFloats, foundFloats);
      scalar.decodeValues(expected, expectedFloats);
      simd.decodeValues(expected, foundFloats);
      assertArrayEquals(expectedFloats, foundFloats);
    }
  }

  /** Tokens that take the special cases of quantizers, among others that do not. */
  private static float[] withOddTokens(KvShape shape, long seed) {
    float[] rows = Samples.rows(shape, seed);
    for (int channel = 0; channel < shape.kvDim(); channel++) {
      boolean first = channel % shape.headDim() == 0;
      rows[5 * shape.kvDim() + channel] = first ? 20f : 0f; // constant once rotated: narrow groups
      rows[20 * shape.kvDim() + channel] *= 1e5f; // beyond the largest scale
      rows[21 * shape.kvDim() + channel] *= 1e-5f; // below the smallest
      rows[40 * shape.kvDim() + channel] = first ? 1e6f : 0f; // zero points beyond INT8
    }
    return rows;
  }
}
