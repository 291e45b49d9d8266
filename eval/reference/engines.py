"""The engines whose logits are compared, behind one method: logits(ids) gives float32 rows (n, vocabulary), one per position."""

import pathlib
from typing import Protocol

import gguf
import numpy as np
import tokenizers

from reference_logits import NumpyLlama

CONTEXT = 2048


class Engine(Protocol):
    """Computes next-token logits of one sequence that starts at position 0."""

    def logits(self, ids: list[int]) -> np.ndarray:
        """Rows (n, vocabulary): row i predicts what follows ids[i]."""

    def next_logits(self, ids: list[int]) -> np.ndarray:
        """The last row alone (vocabulary), for a caller that adds one token at a time."""
        return self.logits(ids)[-1]


class LlamaCpp(Engine):
    """llama-cpp-python with its defaults: weights as stored, FP16 keys and values, no flash attention."""

    def __init__(self, path: pathlib.Path, threads: int, logits_all: bool = True, flash_attention: bool = False):
        import llama_cpp

        self._api = llama_cpp
        self.llama = llama_cpp.Llama(str(path), n_ctx=CONTEXT, n_threads=threads, n_threads_batch=threads,
                                     logits_all=logits_all, flash_attn=flash_attention, verbose=False)

    def logits(self, ids: list[int]) -> np.ndarray:
        self.llama.reset()
        self.llama.eval(ids)
        return self.llama.scores[: len(ids)]

    def next_logits(self, ids: list[int]) -> np.ndarray:
        known = self.llama.n_tokens
        if list(self.llama.input_ids[:known]) != ids[:known]:
            self.llama.reset()
            known = 0
        self.llama.eval(ids[known:])
        return self.last_logits()

    def last_logits(self) -> np.ndarray:
        """Logits (vocabulary) after the last token evaluated, as a view that the next evaluation overwrites."""
        pointer = self._api.llama_get_logits_ith(self.llama.ctx, -1)
        return np.ctypeslib.as_array(pointer, shape=(self.llama.n_vocab(),))

    def tokenize(self, text: str, special: bool = False) -> list[int]:
        """Token ids as the model's metadata asks (with BOS only where it says so); special tokens are parsed on request."""
        return self.llama.tokenize(text.encode("utf-8"), add_bos=True, special=special)

    def system_info(self) -> str:
        """The CPU features that llama.cpp says it was built for."""
        return self._api.llama_print_system_info().decode().strip()


class Transformers(Engine):
    """Hugging Face transformers over the same GGUF, dequantized by its own loader to FP32; FP32 keys and values."""

    def __init__(self, path: pathlib.Path, threads: int):
        import torch
        import transformers

        torch.set_num_threads(threads)
        self._torch = torch
        self._cached: list[int] = []
        self._cache = None
        self._model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()

    def logits(self, ids: list[int]) -> np.ndarray:
        with self._torch.inference_mode():
            return self._model(self._torch.tensor([ids]), use_cache=False).logits[0].numpy()

    def next_logits(self, ids: list[int]) -> np.ndarray:
        known = len(self._cached)
        if not known or len(ids) <= known or ids[:known] != self._cached:
            known, self._cache = 0, None
        with self._torch.inference_mode():
            result = self._model(self._torch.tensor([ids[known:]]), past_key_values=self._cache, use_cache=True)
        self._cached, self._cache = list(ids), result.past_key_values
        return result.logits[0, -1].numpy()


def make(name: str, path: pathlib.Path, threads: int) -> Engine:
    """The engine of that name; numpy takes its threads from the environment (OMP_NUM_THREADS)."""
    match name:
        case "llama-cpp":
            return LlamaCpp(path, threads)
        case "numpy":
            return NumpyLlama(path)
        case "transformers":
            return Transformers(path, threads)
    raise ValueError(f"no engine '{name}': llama-cpp, numpy or transformers")


NAMES = ("llama-cpp", "numpy", "transformers")


class HuggingFaceTokenizer:
    """Hugging Face tokenizers built from the GGUF's vocabulary and merges: a second opinion on llama.cpp's token ids."""

    def __init__(self, path: pathlib.Path):
        fields = gguf.GGUFReader(path).fields
        pre = fields["tokenizer.ggml.pre"].contents()
        if pre != "smollm":
            raise ValueError(f"{path.name}: pre-tokenizer '{pre}' is not 'smollm'")
        tokens = fields["tokenizer.ggml.tokens"].contents()
        merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
        control = [t for t, kind in zip(tokens, fields["tokenizer.ggml.token_type"].contents()) if kind == gguf.TokenType.CONTROL]
        made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
        made.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ])
        made.decoder = tokenizers.decoders.ByteLevel()
        made.add_special_tokens(control)
        self._tokenizer = made

    def encode(self, text: str) -> list[int]:
        """Token ids without BOS; special tokens in the text are parsed."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def save(self, path: pathlib.Path) -> None:
        """Writes it as a tokenizer.json."""
        self._tokenizer.save(str(path))

    def decode(self, ids: list[int]) -> str:
        """The text of the ids, special tokens included."""
        return self._tokenizer.decode(ids, skip_special_tokens=False)
