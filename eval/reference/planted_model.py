"""Writes a GGUF model of the llama architecture as a Qwen2 folder with heads twice as wide, key biases and outlier channels.

    python3 planted_model.py --model MODEL.gguf --out FOLDER [--bias 30] [--outlier 6]

The function stays the same, so its perplexity with an FP16 cache must be the original's, and all that a codec loses more is due to what
was planted:

- A head of d channels becomes one of 2 d. RoPE's pair (i, i + d / 2) moves to (i, i + d); with theta squared its frequency is the same.
  The d / 2 new pairs turn so slowly that they barely depend on the position. Queries are 0 there, so what keys hold there is never seen.
- --bias: keys get a constant in four of the new channels of each head, as Qwen2's key biases are: large, in few channels.
- --outlier: two of RoPE's pairs of each head are so much larger in keys, and so much smaller in queries.
"""

import argparse
import json
import pathlib

import engines
import gguf
import numpy as np
from safetensors.numpy import save_file

BIASED, OUTLIERS = 4, 2
NAMES = {"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
NORMS = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


class Source:
    """Tensors and hyperparameters of a GGUF file."""

    def __init__(self, path: pathlib.Path):
        reader = gguf.GGUFReader(path)
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        self._fields = reader.fields

    def field(self, name: str):
        return self._fields["llama." + name].contents()

    def tensor(self, name: str) -> np.ndarray:
        tensor = self._tensors[name + ".weight"]
        return gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)


def widen(rows: np.ndarray, dim: int) -> np.ndarray:
    """Rows (heads dim, n) in GGUF's order, pair (2 i, 2 i + 1), to (heads, 2, dim, n): RoPE's halves, each half used, half 0."""
    pairs = rows.reshape(-1, dim // 2, 2, rows.shape[-1]).transpose(0, 2, 1, 3)
    return np.pad(pairs, ((0, 0), (0, 0), (0, dim // 2), (0, 0)))


def attention(source: Source, block: str, dim: int, bias: float, outlier: float, random: np.random.Generator) -> dict:
    """The planted projections of one layer."""
    query, key = (widen(source.tensor(block + name), dim) for name in ("attn_q", "attn_k"))
    kv_heads = key.shape[0]
    group = query.shape[0] // kv_heads
    planted = np.zeros(key.shape[:3], np.float32)
    for head in range(kv_heads):
        pairs = random.choice(dim // 2, OUTLIERS, replace=False)
        key[head, :, pairs] *= outlier
        query[head * group : (head + 1) * group, :, pairs] /= outlier
        channels = dim // 2 + random.choice(dim // 2, BIASED, replace=False)
        planted[head, random.integers(0, 2, BIASED), channels] = bias * random.choice([-1, 1], BIASED)
    query *= np.sqrt(2)  # scores are divided by the root of the width
    value = source.tensor(block + "attn_v").reshape(kv_heads, dim, -1)
    output = source.tensor(block + "attn_output").reshape(-1, kv_heads * group, dim)
    n = value.shape[-1]
    return {
        "q_proj.weight": query.reshape(-1, n),
        "q_proj.bias": np.zeros(query.size // n, np.float32),
        "k_proj.weight": key.reshape(-1, n),
        "k_proj.bias": planted.reshape(-1),
        "v_proj.weight": np.pad(value, ((0, 0), (0, dim), (0, 0))).reshape(-1, n),
        "v_proj.bias": np.zeros(2 * kv_heads * dim, np.float32),
        "o_proj.weight": np.pad(output, ((0, 0), (0, 0), (0, dim))).reshape(output.shape[0], -1),
    }


def write_config(source: Source, folder: pathlib.Path, dim: int, vocabulary: int) -> None:
    config = dict(
        architectures=["Qwen2ForCausalLM"],
        model_type="qwen2",
        _name_or_path="planted",
        hidden_size=source.field("embedding_length"),
        intermediate_size=source.field("feed_forward_length"),
        num_hidden_layers=source.field("block_count"),
        num_attention_heads=source.field("attention.head_count"),
        num_key_value_heads=source.field("attention.head_count_kv"),
        head_dim=2 * dim,
        vocab_size=vocabulary,
        max_position_embeddings=source.field("context_length"),
        rms_norm_eps=float(source.field("attention.layer_norm_rms_epsilon")),
        rope_theta=float(source.field("rope.freq_base")) ** 2,
        hidden_act="silu",
        tie_word_embeddings=True,
        torch_dtype="float16",
    )
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a model as Qwen2 with planted key biases and outlier channels.")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="GGUF file of the llama architecture")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write")
    parser.add_argument("--bias", type=float, default=30, help="magnitude of the planted key biases")
    parser.add_argument("--outlier", type=float, default=6, help="factor of the planted outlier channels")
    options = parser.parse_args()

    source = Source(options.model)
    options.out.mkdir(parents=True, exist_ok=True)
    engines.HuggingFaceTokenizer(options.model).save(options.out / "tokenizer.json")
    dim = source.field("embedding_length") // source.field("attention.head_count")
    embedding = source.tensor("token_embd")
    write_config(source, options.out, dim, embedding.shape[0])

    random = np.random.default_rng(0)
    tensors = {"model.embed_tokens.weight": embedding, "model.norm.weight": source.tensor("output_norm")}
    for layer in range(source.field("block_count")):
        block, prefix = f"blk.{layer}.", f"model.layers.{layer}."
        planted = attention(source, block, dim, options.bias, options.outlier, random)
        tensors |= {prefix + "self_attn." + name: tensor for name, tensor in planted.items()}
        tensors |= {f"{prefix}{name}.weight": source.tensor(block + old) for old, name in (NAMES | NORMS).items()}
    halves = {name: np.ascontiguousarray(tensor.astype(np.float16)) for name, tensor in tensors.items()}
    save_file(halves, options.out / "model.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
