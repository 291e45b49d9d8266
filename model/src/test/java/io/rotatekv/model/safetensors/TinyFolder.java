package io.rotatekv.model.safetensors;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rotatekv.kernels.tensor.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes Hugging Face folders of one layer: 16 channels, 2 query heads and 1 KV head of 8. */
final class TinyFolder {

  static final int HIDDEN = 16;
  static final int HEAD_DIM = 8;
  static final int VOCABULARY = 12;

  private record Entry(int[] shape, byte[] data) {}

  private final TensorType type;
  private final Map<String, Entry> tensors = new LinkedHashMap<>();
  private final ObjectNode config;

  TinyFolder(String architecture, TensorType type) {
    this.type = type;
    config = JsonNodeFactory.instance.objectNode();
    config.putArray("architectures").add(architecture);
    config
        .put("hidden_size", HIDDEN)
        .put("num_hidden_layers", 1)
        .put("num_attention_heads", 2)
        .put("num_key_value_heads", 1)
        .put("intermediate_size", 24)
        .put("vocab_size", VOCABULARY)
        .put("max_position_embeddings", 64)
        .put("rms_norm_eps", 1e-5)
        .put("rope_theta", 1_000_000.0)
        .put("tie_word_embeddings", true)
        .put("bos_token_id", 3);
    config.putArray("eos_token_id").add(10).add(11);
    String layer = "model.layers.0.";
    tensor("model.embed_tokens.weight", VOCABULARY, HIDDEN);
    tensor("model.norm.weight", HIDDEN);
    tensor(layer + "input_layernorm.weight", HIDDEN);
    tensor(layer + "post_attention_layernorm.weight", HIDDEN);
    tensor(layer + "self_attn.q_proj.weight", 2 * HEAD_DIM, HIDDEN);
    tensor(layer + "self_attn.k_proj.weight", HEAD_DIM, HIDDEN);
    tensor(layer + "self_attn.v_proj.weight", HEAD_DIM, HIDDEN);
    tensor(layer + "self_attn.o_proj.weight", HIDDEN, 2 * HEAD_DIM);
    tensor(layer + "mlp.gate_proj.weight", 24, HIDDEN);
    tensor(layer + "mlp.up_proj.weight", 24, HIDDEN);
    tensor(layer + "mlp.down_proj.weight", HIDDEN, 24);
  }

  /** The content of config.json, to be changed. */
  ObjectNode config() {
    return config;
  }

  /** Adds a tensor whose elements count from 0. */
  TinyFolder tensor(String name, int... shape) {
    int count = 1;
    for (int size : shape) {
      count *= size;
    }
    ByteBuffer data =
        ByteBuffer.allocate((int) type.rowBytes(count)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      switch (type) {
        case F32 -> data.putFloat(i);
        case F16 -> data.putShort(Float.floatToFloat16(i));
        case BF16 -> data.putShort((short) (Float.floatToIntBits(i) >> 16));
        default -> throw new IllegalArgumentException(type.toString());
      }
    }
    tensors.put(name, new Entry(shape, data.array()));
    return this;
  }

  /** Writes the folder with its tensors in one file. */
  Path write(Path folder) throws IOException {
    writeOthers(folder);
    Files.write(folder.resolve("model.safetensors"), bytes(tensors));
    return folder;
  }

  /** Writes the folder with each tensor in a shard of its own. */
  Path writeShards(Path folder) throws IOException {
    writeOthers(folder);
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    ObjectNode map = index.putObject("weight_map");
    int shard = 0;
    for (Map.Entry<String, Entry> entry : tensors.entrySet()) {
      String file = "model-%05d.safetensors".formatted(++shard);
      map.put(entry.getKey(), file);
      Files.write(folder.resolve(file), bytes(Map.of(entry.getKey(), entry.getValue())));
    }
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    return folder;
  }

  private void writeOthers(Path folder) throws IOException {
    Files.writeString(folder.resolve("config.json"), config.toString());
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer().toString());
    ObjectNode tokens = JsonNodeFactory.instance.objectNode();
    tokens.putObject("bos_token").put("content", "<s>");
    tokens.put("eos_token", "</s>");
    tokens
        .putArray("chat_template")
        .addObject()
        .put("name", "default")
        .put("template", "{{ bos_token }}!");
    Files.writeString(folder.resolve("tokenizer_config.json"), tokens.toString());
  }

  private static ObjectNode tokenizer() throws IOException {
    return (ObjectNode)
        new ObjectMapper()
            .readTree(
                """
                {"version": "1.0", "added_tokens": [
                  {"id": 3, "content": "<s>", "special": true, "single_word": false,
                   "lstrip": false, "rstrip": false, "normalized": false}],
                 "normalizer": null, "pre_tokenizer":
                  {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                   "use_regex": true},
                 "post_processor": null, "decoder":
                  {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                   "use_regex": true},
                 "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2},
                  "merges": [["a", "b"]]}}
                """);
  }

  private byte[] bytes(Map<String, Entry> entries) {
    ObjectNode header = JsonNodeFactory.instance.objectNode();
    header.putObject("__metadata__").put("format", "pt");
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    entries.forEach((name, entry) -> {
      ObjectNode node = header.putObject(name).put("dtype", type.name());
      for (int size : entry.shape()) {
        node.withArrayProperty("shape").add(size);
      }
      node.putArray("data_offsets").add(data.size()).add(data.size() + entry.data().length);
      data.writeBytes(entry.data());
    });
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data.size())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data.toByteArray())
        .array();
  }
}
