package io.rotatekv.kernels.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rotatekv.kernels.block.Blocks;
import io.rotatekv.kernels.scalar.ScalarCodecs;
import io.rotatekv.kernels.simd.SimdCodecs;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes and floats are those of the day the format version was fixed. */
class GoldenBlockTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fp16",
        "rotatekv2",
        "rotatekv3",
        "rotatekv4",
        "centred2",
        "shaped2",
        "shaped3",
        "shaped4"
      })
  void goldenBlockIsReadAndWrittenUnchanged(String name) throws IOException {
    byte[] golden = resource(name + ".block");
    String decoded = new String(resource(name + ".decoded.sha256"), StandardCharsets.US_ASCII);
    CodecContext context = GoldenBlocks.context(CodecSpec.parse(name));
    Blocks.verify(MemorySegment.ofArray(golden), context, GoldenBlocks.LAYER);
    for (BlockCodec codec : List.of(ScalarCodecs.create(context), SimdCodecs.create(context))) {
      assertEquals(decoded.strip(), GoldenBlocks.hash(GoldenBlocks.decode(codec, golden)));
      assertArrayEquals(golden, GoldenBlocks.encode(codec));
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = GoldenBlockTest.class.getResourceAsStream("/golden/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }
}
