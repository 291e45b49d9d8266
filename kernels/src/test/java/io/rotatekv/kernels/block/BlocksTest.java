package io.rotatekv.kernels.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rotatekv.kernels.block.BlockException.Reason;
import io.rotatekv.kernels.codec.BlockCodec;
import io.rotatekv.kernels.codec.CodecContext;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.CodecSpec;
import io.rotatekv.kernels.codec.FormatVersion;
import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.kernels.codec.Samples;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlocksTest {

  private static final KvShape SHAPE = new KvShape(2, 1, 16);
  private static final int LAYER = 1;

  @ParameterizedTest
  @ValueSource(
      strings = {"fp16", "rotatekv2", "rotatekv3", "rotatekv4", "centred2", "shaped2", "shaped3"})
  void everyFlippedBitIsRefused(String name) {
    CodecContext context = Samples.context(CodecSpec.parse(name), SHAPE);
    byte[] block = block(context, 1L << 40);
    Blocks.verify(MemorySegment.ofArray(block), context, LAYER);
    for (int bit = 0; bit < block.length * Byte.SIZE; bit++) {
      block[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      refusal(block, context, LAYER);
      block[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
    }
  }

  @Test
  void everyTruncationIsRefused() {
    CodecContext context = Samples.context(CodecSpec.CENTRED_2, SHAPE);
    byte[] block = block(context, 0);
    for (int length = 0; length < block.length; length++) {
      assertEquals(
          Reason.TRUNCATED, refusal(Arrays.copyOf(block, length), context, LAYER).reason());
    }
  }

  @Test
  void bytesAfterTheEndAreIgnored() {
    CodecContext context = Samples.context(CodecSpec.CENTRED_2, SHAPE);
    byte[] block = block(context, 0);
    byte[] longer = Arrays.copyOf(block, block.length + 100);
    BlockHeader header = Blocks.verify(MemorySegment.ofArray(longer), context, LAYER);
    assertEquals(block.length, header.blockBytes());
  }

  @Test
  void intactBlockOfAnotherKindIsRefusedByName() {
    CodecContext context = Samples.context(CodecSpec.ROTATEKV_2, SHAPE);
    byte[] block = block(context, 0);
    assertRefused(block, Samples.context(CodecSpec.CENTRED_2, SHAPE), 1, Reason.CODEC_MISMATCH);
    assertRefused(block, Samples.context(CodecSpec.ROTATEKV_3, SHAPE), 1, Reason.CODEC_MISMATCH);
    assertRefused(
        block,
        new CodecContext(context.spec(), SHAPE, context.layers(), 5, context.rope()),
        LAYER,
        Reason.CALIBRATION_MISMATCH);
    assertRefused(
        block,
        Samples.context(CodecSpec.ROTATEKV_2, new KvShape(2, 4, 16)),
        LAYER,
        Reason.SHAPE_MISMATCH);
    assertRefused(block, context, 0, Reason.LAYER_MISMATCH);
  }

  @Test
  void messageNamesWhatWasExpectedAndFound() {
    CodecContext context = Samples.context(CodecSpec.ROTATEKV_2, SHAPE);
    assertEquals(
        "block has layer 1, expected 0", refusal(block(context, 0), context, 0).getMessage());
  }

  @Test
  void otherMagicAndVersionAreRefusedBeforeTheChecksum() {
    CodecContext context = Samples.context(CodecSpec.ROTATEKV_2, SHAPE);
    byte[] magic = block(context, 0);
    magic[0] = 'X';
    assertRefused(magic, context, LAYER, Reason.BAD_MAGIC);
    byte[] version = block(context, 0);
    version[4] = 1;
    assertRefused(version, context, LAYER, Reason.UNKNOWN_VERSION);
  }

  /** Contents that no encoder writes, under a right checksum. */
  @Test
  void sealedContradictionsAreRefused() {
    CodecContext context = Samples.context(CodecSpec.ROTATEKV_2, SHAPE);
    BlockLayout layout = BlockLayout.of(context.spec(), SHAPE);
    assertRefused(resealed(context, layout.keyScales(), 0x7F), context, LAYER, Reason.CORRUPT);
    assertRefused(resealed(context, layout.valueScales(), 0), context, LAYER, Reason.CORRUPT);
    assertRefused(resealed(context, layout.sinkBitmap(), 1), context, LAYER, Reason.CORRUPT);
    assertRefused(resealed(context, 23, 1), context, LAYER, Reason.CORRUPT);
    assertRefused(resealed(context, 63, 1), context, LAYER, Reason.CORRUPT);
    assertRefused(resealed(context, 18, 1), context, LAYER, Reason.CORRUPT);
    assertRefused(resealed(context, 6, 9), context, LAYER, Reason.CODEC_MISMATCH);
    assertRefused(resealed(context, 16, 63), context, LAYER, Reason.SHAPE_MISMATCH);
    assertRefused(resealed(context, 21, 40), context, LAYER, Reason.CALIBRATION_MISMATCH);
  }

  @Test
  void garbageNeverGivesAnythingButABlockException() {
    Random random = new Random(1);
    CodecContext[] contexts =
        CodecSpec.ALL.stream()
            .map(spec -> Samples.context(spec, SHAPE))
            .toArray(CodecContext[]::new);
    for (int round = 0; round < 20_000; round++) {
      CodecContext context = contexts[round % contexts.length];
      byte[] bytes = new byte[random.nextInt(400)];
      random.nextBytes(bytes);
      MemorySegment segment = MemorySegment.ofArray(bytes);
      if (bytes.length >= BlockHeader.BYTES && round % 4 != 0) {
        segment.set(BlockHeader.INT, 0, BlockHeader.MAGIC);
        segment.set(BlockHeader.SHORT, 4, (short) FormatVersion.CURRENT);
        segment.set(BlockHeader.BYTE, 6, (byte) random.nextInt(5));
        int payload = random.nextInt(bytes.length - BlockHeader.BYTES + 1);
        segment.set(BlockHeader.INT, 32, payload);
        segment.asSlice(40, 24).fill((byte) 0);
        segment.set(BlockHeader.BYTE, 23, (byte) 0);
        BlockChecksum.seal(segment, payload);
      }
      refusal(bytes, context, random.nextInt(2));
    }
  }

  /** A right header and checksum over a payload too short for its sections. */
  @Test
  void shortPayloadUnderARightChecksumIsRefused() {
    for (CodecSpec spec : CodecSpec.ALL) {
      CodecContext context = Samples.context(spec, SHAPE);
      byte[] block = block(context, 0);
      for (int payload = 0; payload < block.length - BlockHeader.BYTES; payload += 8) {
        byte[] cut = Arrays.copyOf(block, BlockHeader.BYTES + payload);
        MemorySegment segment = MemorySegment.ofArray(cut);
        segment.set(BlockHeader.INT, 32, payload);
        BlockChecksum.seal(segment, payload);
        assertEquals(Reason.CORRUPT, refusal(cut, context, LAYER).reason());
      }
    }
  }

  private static byte[] resealed(CodecContext context, int at, int value) {
    byte[] block = block(context, 0);
    block[at] = (byte) value;
    BlockChecksum.seal(MemorySegment.ofArray(block), block.length - BlockHeader.BYTES);
    return block;
  }

  private static void assertRefused(
      byte[] block, CodecContext context, int layer, Reason expected) {
    BlockException refusal = refusal(block, context, layer);
    assertEquals(expected, refusal.reason(), refusal.getMessage());
  }

  private static BlockException refusal(byte[] block, CodecContext context, int layer) {
    return assertThrows(
        BlockException.class, () -> Blocks.verify(MemorySegment.ofArray(block), context, layer));
  }

  private static byte[] block(CodecContext context, long sinks) {
    BlockCodec codec = ScalarCodecs.create(context);
    byte[] block = new byte[codec.maxBlockBytes()];
    float[] keys = Samples.rows(SHAPE, 1);
    int length = codec.encode(LAYER, keys, keys, sinks, MemorySegment.ofArray(block));
    assertEquals(
        context.spec().family() == CodecFamily.FP16 ? 0 : Long.bitCount(sinks),
        Blocks.verify(MemorySegment.ofArray(block), context, LAYER).sinks());
    return Arrays.copyOf(block, length);
  }
}
