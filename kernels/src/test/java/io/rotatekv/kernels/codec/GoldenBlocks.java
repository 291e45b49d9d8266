package io.rotatekv.kernels.codec;

import io.rotatekv.kernels.scalar.ScalarCodecs;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * The blocks that pin the format. Rewriting them is a change of the format, which needs a new
 * version: {@code main --change-the-format DIRECTORY} does it.
 */
final class GoldenBlocks {

  static final int LAYER = 1;

  private static final KvShape SHAPE = new KvShape(2, 3, 64);
  private static final long SINKS = 1L << 2;

  private GoldenBlocks() {}

  static CodecContext context(CodecSpec spec) {
    return Samples.context(spec, SHAPE);
  }

  /** The golden input, encoded. */
  static byte[] encode(BlockCodec codec) {
    MemorySegment block = MemorySegment.ofArray(new byte[codec.maxBlockBytes()]);
    float[] keys = Samples.rows(SHAPE, 1);
    float[] values = Samples.rows(SHAPE, 2);
    int length = codec.encode(LAYER, keys, values, SINKS, block);
    return block.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** Keys and then values of a block, as little-endian FP32. */
  static byte[] decode(BlockCodec codec, byte[] block) {
    int count = BlockCodec.BLOCK_TOKENS * SHAPE.kvDim();
    float[] keys = new float[count];
    float[] values = new float[count];
    codec.decodeKeys(MemorySegment.ofArray(block), keys);
    codec.decodeValues(MemorySegment.ofArray(block), values);
    byte[] bytes = new byte[2 * count * Float.BYTES];
    MemorySegment to = MemorySegment.ofArray(bytes);
    for (int i = 0; i < count; i++) {
      to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, keys[i]);
      to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * (count + i), values[i]);
    }
    return bytes;
  }

  public static void main(String[] args) throws IOException {
    if (args.length != 2 || !args[0].equals("--change-the-format")) {
      throw new IllegalArgumentException("usage: --change-the-format DIRECTORY");
    }
    for (CodecSpec spec : CodecSpec.ALL) {
      BlockCodec codec = ScalarCodecs.create(context(spec));
      byte[] block = encode(codec);
      Files.write(Path.of(args[1], spec.name() + ".block"), block);
      Files.writeString(
          Path.of(args[1], spec.name() + ".decoded.sha256"), hash(decode(codec, block)) + "\n");
    }
  }

  static String hash(byte[] bytes) {
    return HexFormat.of().formatHex(new CanonicalHash("golden").add("bytes", bytes).finish());
  }
}
