package io.rotatekv.kernels.block;

import io.rotatekv.kernels.block.BlockException.Reason;
import io.rotatekv.kernels.codec.CodecFamily;
import io.rotatekv.kernels.codec.FormatVersion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The 64 bytes that every block starts with; {@code kernels/FORMAT.md} has them in a table.
 *
 * @param family the codec's family
 * @param bits bits per element
 * @param group channels per scale
 * @param layer the layer, from 0
 * @param heads KV heads
 * @param headDim channels per head
 * @param tokens tokens in the block
 * @param sinks tokens that are kept in FP16
 * @param scaleKind {@link #NO_SCALES} or {@link #E4M3_SCALES}
 * @param keyExponent scales of keys are times 2^keyExponent
 * @param valueExponent scales of values are times 2^valueExponent
 * @param fingerprint of the calibration; 0 for {@link CodecFamily#FP16}
 * @param payloadBytes bytes after the header
 */
public record BlockHeader(
    CodecFamily family,
    int bits,
    int group,
    int layer,
    int heads,
    int headDim,
    int tokens,
    int sinks,
    int scaleKind,
    int keyExponent,
    int valueExponent,
    long fingerprint,
    int payloadBytes) {

  /** Length of a header. */
  public static final int BYTES = 64;

  /** The bytes {@code R K V B}, read as a little-endian integer. */
  public static final int MAGIC = 0x42564B52;

  /** The scale kind of a block without scales. */
  public static final int NO_SCALES = 0;

  /** The scale kind of FP8 E4M3 codes relative to a power of two. */
  public static final int E4M3_SCALES = 1;

  static final int CHECKSUM_AT = 36;

  private static final int RESERVED_AT = 40;

  static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Length of the block, header included. */
  public int blockBytes() {
    return BYTES + payloadBytes;
  }

  /** Writes the header with a checksum of 0; {@link BlockChecksum#seal} fills that in. */
  public void write(MemorySegment block) {
    block.asSlice(0, BYTES).fill((byte) 0);
    block.set(INT, 0, MAGIC);
    block.set(SHORT, 4, (short) FormatVersion.CURRENT);
    block.set(BYTE, 6, (byte) code(family));
    block.set(BYTE, 7, (byte) bits);
    block.set(SHORT, 8, (short) group);
    block.set(SHORT, 10, (short) layer);
    block.set(SHORT, 12, (short) heads);
    block.set(SHORT, 14, (short) headDim);
    block.set(SHORT, 16, (short) tokens);
    block.set(SHORT, 18, (short) sinks);
    block.set(BYTE, 20, (byte) scaleKind);
    block.set(BYTE, 21, (byte) keyExponent);
    block.set(BYTE, 22, (byte) valueExponent);
    block.set(LONG, 24, fingerprint);
    block.set(INT, 32, payloadBytes);
  }

  /**
   * Reads a header and checks what can be checked without knowing the model: length, magic,
   * version, checksum and the reserved bytes.
   *
   * @throws BlockException naming what was expected and what was found
   */
  public static BlockHeader read(MemorySegment block) {
    requireReadable(block);
    BlockChecksum.require(block, block.get(INT, 32));
    for (int at = RESERVED_AT; at < BYTES; at++) {
      requireZero(block, at);
    }
    requireZero(block, 23);
    return new BlockHeader(
        family(block.get(BYTE, 6)),
        Byte.toUnsignedInt(block.get(BYTE, 7)),
        unsigned(block, 8),
        unsigned(block, 10),
        unsigned(block, 12),
        unsigned(block, 14),
        unsigned(block, 16),
        unsigned(block, 18),
        Byte.toUnsignedInt(block.get(BYTE, 20)),
        block.get(BYTE, 21),
        block.get(BYTE, 22),
        block.get(LONG, 24),
        block.get(INT, 32));
  }

  /** The layer of a block that has been verified. */
  static int layer(MemorySegment block) {
    return unsigned(block, 10);
  }

  private static void requireReadable(MemorySegment block) {
    if (block.byteSize() < BYTES) {
      throw new BlockException(
          Reason.TRUNCATED,
          "a block header has %d bytes, found %d".formatted(BYTES, block.byteSize()));
    }
    if (block.get(INT, 0) != MAGIC) {
      throw BlockException.mismatch(Reason.BAD_MAGIC, "magic", hex(MAGIC), hex(block.get(INT, 0)));
    }
    if (unsigned(block, 4) != FormatVersion.CURRENT) {
      throw BlockException.mismatch(
          Reason.UNKNOWN_VERSION, "format version", FormatVersion.CURRENT, unsigned(block, 4));
    }
    int payload = block.get(INT, 32);
    if (payload < 0 || block.byteSize() - BYTES < payload) {
      throw new BlockException(
          Reason.TRUNCATED,
          "block announces %d bytes after its header, found %d"
              .formatted(Integer.toUnsignedLong(payload), block.byteSize() - BYTES));
    }
  }

  private static void requireZero(MemorySegment block, int at) {
    if (block.get(BYTE, at) != 0) {
      throw BlockException.mismatch(Reason.CORRUPT, "reserved byte " + at, 0, block.get(BYTE, at));
    }
  }

  private static int unsigned(MemorySegment block, int at) {
    return Short.toUnsignedInt(block.get(SHORT, at));
  }

  private static String hex(int value) {
    return "0x%08X".formatted(value);
  }

  private static int code(CodecFamily family) {
    return switch (family) {
      case FP16 -> 1;
      case ROTATEKV -> 2;
      case CENTRED -> 3;
      case SHAPED -> 4;
    };
  }

  private static CodecFamily family(byte code) {
    return switch (code) {
      case 1 -> CodecFamily.FP16;
      case 2 -> CodecFamily.ROTATEKV;
      case 3 -> CodecFamily.CENTRED;
      case 4 -> CodecFamily.SHAPED;
      default -> throw BlockException.mismatch(Reason.CODEC_MISMATCH, "codec", "1 to 4", code);
    };
  }
}
