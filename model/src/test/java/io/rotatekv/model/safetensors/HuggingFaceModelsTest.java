package io.rotatekv.model.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rotatekv.kernels.tensor.TensorType;
import io.rotatekv.model.Model;
import io.rotatekv.model.ModelException;
import io.rotatekv.model.Models;
import io.rotatekv.model.RopeScaling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class HuggingFaceModelsTest {

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void mapsEveryTensorType(TensorType type) throws IOException {
    try (Model model = Models.open(new TinyFolder("LlamaForCausalLM", type).write(folder))) {
      assertEquals(type, model.weights().embedding().type());
      assertSame(model.weights().embedding(), model.weights().output());
      float[] norm = model.weights().outputNorm();
      assertEquals(TinyFolder.HIDDEN, norm.length);
      assertEquals(15, norm[15]);
      assertEquals(1_000_000, model.config().rope().theta());
      assertEquals(TinyFolder.HEAD_DIM, model.config().headDim());
      assertEquals(64, model.config().contextLength());
    }
  }

  @Test
  void readsBiasesOfQwen2AndItsOwnOutput() throws IOException {
    TinyFolder tiny = new TinyFolder("Qwen2ForCausalLM", TensorType.F32);
    tiny.config().put("tie_word_embeddings", false).put("sliding_window", 8);
    tiny.config().put("use_sliding_window", false);
    tiny.tensor("lm_head.weight", TinyFolder.VOCABULARY, TinyFolder.HIDDEN);
    tiny.tensor("model.layers.0.self_attn.k_proj.bias", TinyFolder.HEAD_DIM);
    try (Model model = Models.open(tiny.write(folder))) {
      assertArrayEquals(
          new float[] {0, 1, 2, 3, 4, 5, 6, 7}, model.weights().layers().getFirst().keyBias());
      assertNotSame(model.weights().embedding(), model.weights().output());
      assertEquals("qwen2", model.config().architecture());
      assertEquals(64, model.config().contextLength());
    }
  }

  @Test
  void keepsToTheSlidingWindowOfMistral() throws IOException {
    TinyFolder tiny = new TinyFolder("MistralForCausalLM", TensorType.F32);
    tiny.config().put("sliding_window", 32);
    try (Model model = Models.open(tiny.write(folder))) {
      assertEquals(32, model.config().contextLength());
    }
  }

  @Test
  void readsShards() throws IOException {
    TinyFolder tiny = new TinyFolder("LlamaForCausalLM", TensorType.F16);
    try (Model model = Models.open(tiny.writeShards(folder))) {
      assertEquals(24, model.weights().layers().getFirst().gate().rows());
    }
    Files.delete(folder.resolve("model-00003.safetensors"));
    ModelException e = assertThrows(ModelException.class, () -> Models.open(folder).close());
    assertTrue(e.getMessage().contains("model-00003.safetensors"), e.getMessage());
  }

  @Test
  void readsTokensAndTemplate() throws IOException {
    TinyFolder tiny = new TinyFolder("LlamaForCausalLM", TensorType.F16);
    try (Model model = Models.open(tiny.write(folder))) {
      assertArrayEquals(new int[] {2, 0, 3}, model.tokenizer().encode("aba<s>", true));
      assertEquals("aba", model.tokenizer().decode(new int[] {3, 2, 0}));
      assertEquals(3, model.tokenizer().bos().orElseThrow());
      assertTrue(model.tokenizer().isEndOfGeneration(11));
      assertEquals("<s>!", model.chatTemplate().render(List.of(), true));
    }
    Files.writeString(folder.resolve("chat_template.jinja"), "own {{ eos_token }}");
    try (Model model = Models.open(folder)) {
      assertEquals("own </s>", model.chatTemplate().render(List.of(), true));
    }
  }

  @Test
  void readsRopeScalingInBothPlaces() throws IOException {
    TinyFolder tiny = new TinyFolder("LlamaForCausalLM", TensorType.F16);
    tiny.config().putObject("rope_scaling").put("type", "linear").put("factor", 2.0);
    assertEquals(new RopeScaling.Linear(2), scaling(tiny));
    tiny.config().remove("rope_theta");
    tiny.config()
        .putObject("rope_parameters")
        .put("rope_type", "llama3")
        .put("rope_theta", 500_000.0)
        .put("factor", 8.0)
        .put("low_freq_factor", 1.0)
        .put("high_freq_factor", 4.0)
        .put("original_max_position_embeddings", 8192);
    assertEquals(new RopeScaling.Llama3(8, 1, 4, 8192), scaling(tiny));
    try (Model model = Models.open(folder)) {
      assertEquals(500_000, model.config().rope().theta());
    }
  }

  @Test
  void fingerprintTellsWeightsApart() throws IOException {
    String first = fingerprint(new TinyFolder("LlamaForCausalLM", TensorType.F16).write(folder));
    assertEquals(first, fingerprint(folder));
    Path file = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    assertNotEquals(first, fingerprint(folder));
  }

  static Stream<Arguments> unusable() {
    return Stream.of(
        change(
            "architecture GPT2LMHeadModel",
            t -> t.config().putArray("architectures").add("GPT2LMHeadModel")),
        change("hidden_act gelu", t -> t.config().put("hidden_act", "gelu")),
        change("hidden_size is missing", t -> t.config().remove("hidden_size")),
        change("has shape", t -> t.config().put("vocab_size", 13)),
        change("RoPE scaling yarn", t -> t.config().putObject("rope_scaling").put("type", "yarn")),
        change("only whole heads", t -> t.config().put("partial_rotary_factor", 0.5)),
        change("not a power of two", t -> t.config().put("head_dim", 12)));
  }

  @ParameterizedTest
  @MethodSource("unusable")
  void namesTheFault(String fault, Consumer<TinyFolder> change) throws IOException {
    TinyFolder tiny = new TinyFolder("LlamaForCausalLM", TensorType.F16);
    change.accept(tiny);
    tiny.write(folder);
    ModelException e = assertThrows(ModelException.class, () -> Models.open(folder).close());
    assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(fault), e.getMessage());
  }

  @Test
  void refusesEveryTruncation() throws IOException {
    new TinyFolder("LlamaForCausalLM", TensorType.F16).write(folder);
    Path file = folder.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length += length < 32 ? 1 : 61) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThrows(ModelException.class, () -> Models.open(folder).close(), "at " + length);
    }
  }

  @Test
  void namesMissingAndDamagedFiles() throws IOException {
    for (String name :
        Set.of("config.json", "tokenizer.json", "model.safetensors", "tokenizer_config.json")) {
      new TinyFolder("LlamaForCausalLM", TensorType.F16).write(folder);
      Path file = folder.resolve(name);
      Files.writeString(file, "{ not json");
      ModelException e = assertThrows(ModelException.class, () -> Models.open(folder).close());
      assertTrue(e.getMessage().contains(name), e.getMessage());
      if (!name.equals("tokenizer_config.json")) {
        Files.delete(file);
        e = assertThrows(ModelException.class, () -> Models.open(folder).close());
        assertTrue(e.getMessage().contains(name), e.getMessage());
      }
    }
  }

  @Test
  void shardsStayInTheFolder() throws IOException {
    new TinyFolder("LlamaForCausalLM", TensorType.F16).write(folder);
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"a\": \"../secret.safetensors\"}}");
    ModelException e = assertThrows(ModelException.class, () -> Models.open(folder).close());
    assertTrue(e.getMessage().contains("../secret.safetensors"), e.getMessage());
  }

  private static Arguments change(String fault, Consumer<TinyFolder> change) {
    return Arguments.of(fault, change);
  }

  private RopeScaling scaling(TinyFolder tiny) throws IOException {
    try (Model model = Models.open(tiny.write(folder))) {
      return model.config().rope().scaling();
    }
  }

  private static String fingerprint(Path folder) {
    try (Model model = Models.open(folder)) {
      return model.fingerprint();
    }
  }
}
