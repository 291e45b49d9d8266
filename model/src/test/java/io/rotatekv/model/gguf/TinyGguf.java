package io.rotatekv.model.gguf;

import io.rotatekv.kernels.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Complete models of a few rows: one layer, 256 channels, 4 query and 2 KV heads of 64. */
public final class TinyGguf {

  public static final int HIDDEN = 256;
  public static final int HEADS = 4;
  public static final int KV_HEADS = 2;
  public static final int HEAD_DIM = 64;
  public static final int VOCABULARY = 260;

  private TinyGguf() {}

  /** A model whose matrices have the given type and random bytes. */
  public static GgufBuilder model(String architecture, TensorType type) {
    GgufBuilder builder = metadata(new GgufBuilder(), architecture);
    byteLevelTokens(builder);
    Random random = new Random(7);
    matrix(builder, "token_embd", type, VOCABULARY, HIDDEN, random);
    builder.vector("output_norm.weight", ones());
    builder.vector("blk.0.attn_norm.weight", ones());
    builder.vector("blk.0.ffn_norm.weight", ones());
    matrix(builder, "blk.0.attn_q", type, HEADS * HEAD_DIM, HIDDEN, random);
    matrix(builder, "blk.0.attn_k", type, KV_HEADS * HEAD_DIM, HIDDEN, random);
    matrix(builder, "blk.0.attn_v", type, KV_HEADS * HEAD_DIM, HIDDEN, random);
    matrix(builder, "blk.0.attn_output", type, HIDDEN, HEADS * HEAD_DIM, random);
    matrix(builder, "blk.0.ffn_gate", type, HIDDEN, HIDDEN, random);
    matrix(builder, "blk.0.ffn_up", type, HIDDEN, HIDDEN, random);
    matrix(builder, "blk.0.ffn_down", type, HIDDEN, HIDDEN, random);
    return builder;
  }

  /** An F32 matrix that holds its row's number in every column. */
  static byte[] rowNumbers(int rows, int columns) {
    ByteBuffer data = ByteBuffer.allocate(4 * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        data.putFloat(row);
      }
    }
    return data.array();
  }

  private static GgufBuilder metadata(GgufBuilder builder, String architecture) {
    return builder
        .set("general.architecture", architecture)
        .set("general.name", "tiny")
        .set(architecture + ".block_count", 1)
        .set(architecture + ".context_length", 128)
        .set(architecture + ".embedding_length", HIDDEN)
        .set(architecture + ".feed_forward_length", HIDDEN)
        .set(architecture + ".attention.head_count", HEADS)
        .set(architecture + ".attention.head_count_kv", KV_HEADS)
        .set(architecture + ".attention.layer_norm_rms_epsilon", 1e-6f)
        .set(architecture + ".rope.freq_base", 500_000f);
  }

  /** Bytes 0 to 255 in GPT-2's alphabet, one merge, and control tokens. */
  private static void byteLevelTokens(GgufBuilder builder) {
    List<String> tokens = new ArrayList<>();
    int next = 256;
    for (int value = 0; value < 256; value++) {
      boolean prints = (value > 32 && value < 127) || (value > 160 && value != 173);
      tokens.add(Character.toString(prints ? value : next++));
    }
    tokens.add("he");
    tokens.addAll(List.of("<|begin|>", "<|im_end|>", "<|endoftext|>"));
    List<Integer> types = new ArrayList<>(Collections.nCopies(257, 1));
    types.addAll(List.of(3, 3, 3));
    builder
        .set("tokenizer.ggml.model", "gpt2")
        .set("tokenizer.ggml.pre", "llama-bpe")
        .set("tokenizer.ggml.tokens", tokens)
        .set("tokenizer.ggml.token_type", types)
        .set("tokenizer.ggml.merges", List.of("h e"))
        .set("tokenizer.ggml.bos_token_id", 257)
        .set("tokenizer.ggml.eos_token_id", 258);
  }

  private static void matrix(
      GgufBuilder builder, String name, TensorType type, int rows, int columns, Random random) {
    byte[] data = new byte[Math.toIntExact(type.rowBytes(columns) * rows)];
    random.nextBytes(data);
    builder.tensor(name + ".weight", type, rows, columns, data);
  }

  private static float[] ones() {
    float[] ones = new float[HIDDEN];
    Arrays.fill(ones, 1);
    return ones;
  }
}
