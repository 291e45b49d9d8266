package io.rotatekv.model.weights;

/**
 * What a file format calls the tensors of a model. Names of a layer's tensors follow {@code
 * layerPrefix}, the layer's number and a dot.
 */
record TensorNames(
    String embedding,
    String outputNorm,
    String output,
    String layerPrefix,
    String attentionNorm,
    String query,
    String key,
    String value,
    String attentionOutput,
    String feedForwardNorm,
    String gate,
    String up,
    String down) {

  static final TensorNames GGUF =
      new TensorNames(
          "token_embd",
          "output_norm",
          "output",
          "blk.",
          "attn_norm",
          "attn_q",
          "attn_k",
          "attn_v",
          "attn_output",
          "ffn_norm",
          "ffn_gate",
          "ffn_up",
          "ffn_down");

  static final TensorNames HUGGING_FACE =
      new TensorNames(
          "model.embed_tokens",
          "model.norm",
          "lm_head",
          "model.layers.",
          "input_layernorm",
          "self_attn.q_proj",
          "self_attn.k_proj",
          "self_attn.v_proj",
          "self_attn.o_proj",
          "post_attention_layernorm",
          "mlp.gate_proj",
          "mlp.up_proj",
          "mlp.down_proj");
}
