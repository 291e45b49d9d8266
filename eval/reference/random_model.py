"""Writes a Hugging Face folder of LLaMA-3-8B's shape with random weights, to measure speed without a model's licence.

    python3 random_model.py TEXT FOLDER [LAYERS]

All layers have the same weights, each on the disk by itself: 32 layers take 13.5 GiB. The vocabulary is made from TEXT.
Needs numpy, safetensors and tokenizers.
"""

import json
import pathlib
import sys

import numpy
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HIDDEN, FEED, HEADS, KV_HEADS, HEAD_DIM = 4096, 14336, 32, 8, 128
BOS, EOS = "<s>", "</s>"


def write_tokenizer(text, folder):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=32000, special_tokens=[BOS, EOS], initial_alphabet=alphabet)
    tokenizer.train([text], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(bos_token=BOS, eos_token=EOS)))
    return tokenizer.get_vocab_size()


def write_config(folder, layers, vocabulary):
    config = dict(
        architectures=["LlamaForCausalLM"],
        model_type="llama",
        hidden_size=HIDDEN,
        intermediate_size=FEED,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        head_dim=HEAD_DIM,
        vocab_size=vocabulary,
        max_position_embeddings=131072,
        rms_norm_eps=1e-5,
        rope_theta=500000.0,
        hidden_act="silu",
        tie_word_embeddings=False,
        torch_dtype="float16",
        bos_token_id=0,
        eos_token_id=1,
    )
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def main():
    text, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    layers = int(sys.argv[3]) if len(sys.argv) > 3 else 32
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = write_tokenizer(text, folder)
    write_config(folder, layers, vocabulary)

    random = numpy.random.default_rng(0)
    index = {}

    def normal(*shape):
        return (random.standard_normal(shape, dtype=numpy.float32) * numpy.float32(0.02)).astype(numpy.float16)

    def write(file, tensors):
        save_file(tensors, folder / file, metadata={"format": "pt"})
        index.update({name: file for name in tensors})

    ones = numpy.ones(HIDDEN, dtype=numpy.float16)
    embedding = normal(vocabulary, HIDDEN)
    write(
        "ends.safetensors",
        {"model.embed_tokens.weight": embedding, "model.norm.weight": ones, "lm_head.weight": embedding},
    )
    kv = KV_HEADS * HEAD_DIM
    layer = {
        "self_attn.q_proj": normal(HIDDEN, HIDDEN),
        "self_attn.k_proj": normal(kv, HIDDEN),
        "self_attn.v_proj": normal(kv, HIDDEN),
        "self_attn.o_proj": normal(HIDDEN, HIDDEN),
        "mlp.gate_proj": normal(FEED, HIDDEN),
        "mlp.up_proj": normal(FEED, HIDDEN),
        "mlp.down_proj": normal(HIDDEN, FEED),
        "input_layernorm": ones,
        "post_attention_layernorm": ones,
    }
    for i in range(layers):
        write(
            f"layer-{i:02}.safetensors",
            {f"model.layers.{i}.{name}.weight": tensor for name, tensor in layer.items()},
        )
    (folder / "model.safetensors.index.json").write_text(json.dumps(dict(weight_map=index)))
    print(f"{folder}: {layers} layers, {vocabulary} tokens in the vocabulary")


if __name__ == "__main__":
    main()
