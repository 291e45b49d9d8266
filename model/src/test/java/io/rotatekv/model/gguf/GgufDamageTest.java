package io.rotatekv.model.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.Models;
import io.rotatekv.model.weights.MappedFile;
import io.rotatekv.model.weights.WeightAssembler;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GgufDamageTest {

  private static final Path FILE = Path.of("damaged.gguf");
  private static final int FUZZ_ROUNDS = 3_000;

  @TempDir private Path folder;

  static Stream<Arguments> unusable() {
    byte[] matrix = new byte[(int) TensorType.Q8_0.rowBytes(TinyGguf.HIDDEN) * 8];
    return Stream.of(
        Arguments.of("GGUF version 1", fresh().version(1)),
        Arguments.of("big-endian", fresh().version(3 << 24)),
        Arguments.of("architecture falcon", fresh().set("general.architecture", "falcon")),
        Arguments.of("general.architecture is missing", fresh().remove("general.architecture")),
        Arguments.of("general.architecture is not", fresh().set("general.architecture", 5)),
        Arguments.of("llama.block_count is out of range", fresh().set("llama.block_count", -1)),
        Arguments.of("blk.1.attn_norm.weight is missing", fresh().set("llama.block_count", 2)),
        Arguments.of("mixture-of-experts", fresh().set("llama.expert_count", 8)),
        Arguments.of("is split", fresh().set("split.count", 3)),
        Arguments.of("RoPE scaling yarn", fresh().set("llama.rope.scaling.type", "yarn")),
        Arguments.of("only whole heads", fresh().set("llama.rope.dimension_count", 32)),
        Arguments.of("not a power of two", fresh().set("llama.attention.head_count", 6)),
        Arguments.of("do not share", fresh().set("llama.attention.head_count_kv", 3)),
        Arguments.of("GGML type 13", fresh().rawTensor("x.weight", 13, 8, 256, matrix)),
        Arguments.of("not whole Q8_0 blocks", fresh().rawTensor("x.weight", 8, 8, 31, matrix)),
        Arguments.of("needs 2228224 bytes", fresh().rawTensor("x.weight", 8, 8192, 256, matrix)),
        Arguments.of("has shape (8, 256)", fresh().rawTensor("output.weight", 8, 8, 256, matrix)),
        Arguments.of("general.alignment", fresh().set("general.alignment", 12)),
        Arguments.of("rope_freqs.weight", fresh().vector("rope_freqs.weight", 1, 2)),
        Arguments.of("attn_output.bias", fresh().vector("blk.0.attn_output.bias", 1, 2)),
        Arguments.of("tokenizer bert", fresh().set("tokenizer.ggml.model", "bert")),
        Arguments.of("is unheard", fresh().set("tokenizer.ggml.pre", "unheard")),
        Arguments.of("tokenizer.ggml.tokens", fresh().remove("tokenizer.ggml.tokens")),
        Arguments.of("tokenizer.ggml.merges", fresh().remove("tokenizer.ggml.merges")),
        Arguments.of("is 9999, of", fresh().set("tokenizer.ggml.eos_token_id", 9999)));
  }

  @ParameterizedTest
  @MethodSource("unusable")
  void namesTheFileAndTheFault(String fault, GgufBuilder builder) throws IOException {
    Path file = builder.write(folder.resolve("unusable.gguf"));
    ModelException e = assertThrows(ModelException.class, () -> Models.open(file).close());
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(fault), e.getMessage());
    assertTrue(e.getMessage().contains(";"), "no cure: " + e.getMessage());
  }

  @Test
  void refusesWhatIsNoGguf() throws IOException {
    Path missing = folder.resolve("missing.gguf");
    Path empty = Files.createFile(folder.resolve("empty.gguf"));
    Path text = Files.writeString(folder.resolve("text.gguf"), "version https://git-lfs");
    for (Path file : new Path[] {missing, empty, text}) {
      ModelException e = assertThrows(ModelException.class, () -> Models.open(file).close());
      assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }
  }

  @Test
  void refusesEveryTruncation() {
    byte[] whole = fresh().bytes();
    load(whole); // The whole file is fine.
    int header = (int) GgufFile.parse(mapped(whole)).headerBytes();
    for (int length = 0; length < header; length++) {
      refuses(whole, length);
    }
    for (int length = header; length < whole.length; length += 9_973) {
      refuses(whole, length);
    }
    refuses(whole, whole.length - 33); // The last tensor's end; padding may be missing.
  }

  @Test
  void survivesFlippedBytes() {
    byte[] whole = fresh().bytes();
    int header = (int) GgufFile.parse(mapped(whole)).headerBytes();
    Random random = new Random(11);
    int refused = 0;
    for (int round = 0; round < FUZZ_ROUNDS; round++) {
      int at = random.nextInt(header);
      byte original = whole[at];
      whole[at] = (byte) random.nextInt(256);
      try {
        load(whole);
      } catch (ModelException e) {
        refused++;
      }
      whole[at] = original;
    }
    assertTrue(refused > FUZZ_ROUNDS / 20, "only " + refused + " refused");
  }

  @Test
  void refusesHugeCountsWithoutAllocating() {
    byte[] file = Arrays.copyOf("GGUF\3\0\0\0".getBytes(StandardCharsets.ISO_8859_1), 64);
    Arrays.fill(file, 8, 24, (byte) 0x7f);
    ModelException e = assertThrows(ModelException.class, () -> load(file));
    assertEquals(
        FILE
            + ": truncated or damaged GGUF file (9187201950435737471 tensors at byte 8, where 48"
            + " bytes remain); fetch it again",
        e.getMessage());
  }

  private static void refuses(byte[] whole, int length) {
    assertThrows(ModelException.class, () -> load(Arrays.copyOf(whole, length)), "at " + length);
  }

  private static void load(byte[] content) {
    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.parse(mapped(content));
      WeightAssembler.fromGguf(file, GgufConfig.read(file), arena);
      GgufVocabulary.read(file.metadata());
    }
  }

  private static MappedFile mapped(byte[] content) {
    return new MappedFile(FILE, MemorySegment.ofArray(content));
  }

  private static GgufBuilder fresh() {
    return TinyGguf.model("llama", TensorType.Q8_0);
  }
}
