package io.rotatekv.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.block.Blocks;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.EncodeStats;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.Samples;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks made on the device are those of the scalar codec, byte for byte. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BlockEncoderGpuTest {

  /** No sinks; the two tokens of a pair, the last one; all. */
  private static final long[] SINKS = {0, 1L << 2 | 1L << 10 | 1L << 63, -1L};

  private final CudaDevice device = CudaDevice.open(0);
  private final CudaStream stream = device.stream();

  @AfterAll
  void close() {
    stream.close();
    device.close();
  }

  static List<CodecContext> contexts() {
    return GpuCodecs.contexts();
  }

  @ParameterizedTest
  @MethodSource("contexts")
  void bytesAreThoseOfTheScalarCodec(CodecContext context) {
    assertSameBytes(context, context.shape().layers() - 1, 1);
  }

  static List<CodecContext> shapedContexts() {
    return contexts().stream()
        .filter(context -> context.spec().family() == CodecFamily.SHAPED)
        .toList();
  }

  // So many that the thread blocks of 32 tokens each fill the device.
  @ParameterizedTest
  @MethodSource("shapedContexts")
  void manyBlocksAreEncodedAsFewAre(CodecContext context) {
    assertSameBytes(context, 0, Math.ceilDiv(device.multiprocessors(), 2 * SINKS.length));
  }

  @Test
  void everyLayerIsEncodedByItsOwnCodec() {
    KvShape shape = new KvShape(4, 2, 128);
    CodecContext context = GpuCodecs.withThreshold(Samples.context(CodecSpec.SHAPED_2, shape));
    CodecContext mixed =
        context.with(
            List.of(CodecSpec.SHAPED_2, CodecSpec.FP16, CodecSpec.SHAPED_4, CodecSpec.SHAPED_2));
    for (int layer = 0; layer < shape.layers(); layer++) {
      assertSameBytes(mixed, layer, 1);
    }
  }

  /** Encodes the same blocks several times over. */
  private void assertSameBytes(CodecContext context, int layer, int copies) {
    BlockCodec scalar = ScalarCodecs.create(context);
    KvShape shape = context.shape();
    int rowCount = Samples.rows(shape, 0).length;
    int blocks = copies * SINKS.length;
    float[] keys = new float[blocks * rowCount];
    float[] values = new float[blocks * rowCount];
    float[] maxima = new float[blocks * BlockCodec.BLOCK_TOKENS];
    MemorySegment expected = blocks(scalar, SINKS.length);
    for (int block = 0; block < SINKS.length; block++) {
      float[] key = GpuCodecs.rows(shape, shape.rotationOrder(), 2L * block);
      float[] value = GpuCodecs.rows(shape, shape.headDim(), 2L * block + 1);
      float[] largest = GpuCodecs.maxima(SINKS[block]);
      for (int copy = block; copy < blocks; copy += SINKS.length) {
        System.arraycopy(key, 0, keys, copy * rowCount, rowCount);
        System.arraycopy(value, 0, values, copy * rowCount, rowCount);
        System.arraycopy(largest, 0, maxima, copy * largest.length, largest.length);
      }
      scalar.encode(layer, key, value, SINKS[block], block(expected, scalar, block));
    }

    try (BlockEncoder encoder = new BlockEncoder(device, context)) {
      MemorySegment found = encode(encoder, scalar, layer, keys, values, maxima);
      for (int block = 0; block < blocks; block++) {
        MemorySegment one = block(found, scalar, block);
        Blocks.seal(one);
        MemorySegment same = block(expected, scalar, block % SINKS.length);
        assertEquals(-1, same.mismatch(one), "block " + block);
        Blocks.verify(one, context, layer);
      }
      List<EncodeLosses> losses = encoder.losses(stream);
      for (int each = 0; each < losses.size(); each++) {
        if (each == layer) {
          assertSameLosses(scalar.stats(layer), copies, losses.get(each), context.spec());
        } else {
          assertEquals(new EncodeLosses(0, 0, 0, 0), losses.get(each));
        }
      }
    }
  }

  private static void assertSameLosses(
      EncodeStats expected, int copies, EncodeLosses found, CodecSpec spec) {
    assertEquals(
        new EncodeLosses(
            copies * expected.narrowGroups(),
            copies * expected.saturatedZeros(),
            copies * expected.saturatedScales(),
            copies * expected.saturatedHalves()),
        found);
    boolean hasZeros = spec.family() == CodecFamily.ROTATEKV;
    assertEquals(hasZeros, found.narrowGroups() > 0, "the rows have narrow groups");
  }

  @Test
  void numbersThatNoCodecCanHoldAreReported() {
    for (CodecSpec spec : CodecSpec.ALL) {
      CodecContext context = Samples.context(spec, new KvShape(1, 2, 64));
      BlockCodec scalar = ScalarCodecs.create(context);
      float[] rows = Samples.rows(context.shape(), 1);
      float[] broken = rows.clone();
      broken[rows.length - 1] = Float.NaN;
      float[] maxima = new float[BlockCodec.BLOCK_TOKENS];
      try (BlockEncoder encoder = new BlockEncoder(device, context)) {
        encode(encoder, scalar, 0, rows, rows, maxima);
        encoder.losses(stream);
        encode(encoder, scalar, 0, rows, broken, maxima);
        IllegalStateException error =
            assertThrows(IllegalStateException.class, () -> encoder.losses(stream));
        assertTrue(
            String.valueOf(error.getMessage()).contains("NaN or infinite"), error.getMessage());
      }
    }
  }

  @Test
  void headsThatTheKernelsDoNotKnowAreRefused() {
    CodecContext context = Samples.context(CodecSpec.CENTRED_2, new KvShape(1, 4, 32));

    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> new BlockEncoder(device, context));

    assertTrue(String.valueOf(error.getMessage()).contains("--backend cpu"), error.getMessage());
  }

  private MemorySegment encode(
      BlockEncoder encoder,
      BlockCodec scalar,
      int layer,
      float[] keys,
      float[] values,
      float[] maxima) {
    int blocks = maxima.length / BlockCodec.BLOCK_TOKENS;
    long room = room(scalar);
    try (DeviceBuffer keyRows = GpuMemory.rounded(device, stream, keys);
        DeviceBuffer valueRows = GpuMemory.rounded(device, stream, values);
        DeviceBuffer largest = GpuMemory.floats(device, stream, maxima);
        DeviceBuffer out = GpuMemory.upload(device, stream, blocks(scalar, blocks));
        DeviceBuffer targets = GpuMemory.longs(device, stream, addresses(out, room, blocks))) {
      encoder.encode(
          layer,
          keyRows.address(),
          valueRows.address(),
          largest.address(),
          blocks,
          targets.address(),
          stream);
      return GpuMemory.download(out, stream);
    }
  }

  private static long[] addresses(DeviceBuffer out, long room, int blocks) {
    long[] addresses = new long[blocks];
    Arrays.setAll(addresses, block -> out.address() + block * room);
    return addresses;
  }

  private static long room(BlockCodec codec) {
    return codec.maxBlockBytes();
  }

  /** Room for some blocks, filled with what no section holds by chance. */
  private static MemorySegment blocks(BlockCodec codec, int count) {
    byte[] bytes = new byte[Math.toIntExact(count * room(codec))];
    Arrays.fill(bytes, (byte) 0xA5);
    MemorySegment room = Arena.ofAuto().allocate(bytes.length, Long.BYTES);
    return room.copyFrom(MemorySegment.ofArray(bytes));
  }

  private static MemorySegment block(MemorySegment blocks, BlockCodec codec, int block) {
    return blocks.asSlice(block * room(codec), room(codec));
  }
}
