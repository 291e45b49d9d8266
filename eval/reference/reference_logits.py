"""A LLaMA forward pass in numpy FP32 over a GGUF file: weights dequantized to FP32, keys and values kept in FP32.

Independent of the Java code and of llama.cpp, whose kernels round activations to 8 bits where weights are quantized. Where the two
disagree, this says which part of the difference is that rounding. As a script it prints the top logits at each position of a text.
"""

import pathlib

import gguf
import numpy as np

import support


class NumpyLlama:
    """LLaMA-family model without biases and RoPE scaling; anything else is refused by name."""

    def __init__(self, path: pathlib.Path):
        reader = gguf.GGUFReader(path)
        field = lambda key: reader.fields[key].contents()
        architecture = field("general.architecture")
        if architecture != "llama":
            raise ValueError(f"{path.name}: architecture '{architecture}' is not 'llama'")
        self.weights = {t.name: gguf.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}
        unknown = [name for name in self.weights if name.endswith(".bias") or name.startswith("rope_freqs")]
        if unknown:
            raise ValueError(f"{path.name}: tensors that this reference does not apply: {unknown}")
        self.layers = field("llama.block_count")
        self.heads = field("llama.attention.head_count")
        self.kv_heads = field("llama.attention.head_count_kv")
        self.head_dim = field("llama.embedding_length") // self.heads
        self.epsilon = np.float32(field("llama.attention.layer_norm_rms_epsilon"))
        self.theta = field("llama.rope.freq_base")

    def logits(self, ids: list[int]) -> np.ndarray:
        """Next-token logits (n, vocabulary) at every position of one sequence that starts at position 0."""
        w = self.weights
        x = w["token_embd.weight"][ids]
        cos, sin = self._angles(len(ids))
        for i in range(self.layers):
            layer = f"blk.{i}."
            h = self._norm(x, w[layer + "attn_norm.weight"])
            q = self._rope(self._split(h @ w[layer + "attn_q.weight"].T), cos, sin)
            k = self._rope(self._split(h @ w[layer + "attn_k.weight"].T), cos, sin)
            v = self._split(h @ w[layer + "attn_v.weight"].T)
            x = x + self._attend(q, k, v) @ w[layer + "attn_output.weight"].T
            h = self._norm(x, w[layer + "ffn_norm.weight"])
            gate = h @ w[layer + "ffn_gate.weight"].T
            up = h @ w[layer + "ffn_up.weight"].T
            with np.errstate(over="ignore"):  # exp of a large -gate is infinite, and the quotient rightly 0
                gate /= 1 + np.exp(-gate)
            x = x + (gate * up) @ w[layer + "ffn_down.weight"].T
        head = w.get("output.weight", w["token_embd.weight"])
        return self._norm(x, w["output_norm.weight"]) @ head.T

    def next_logits(self, ids: list[int]) -> np.ndarray:
        """The last row of logits (vocabulary)."""
        return self.logits(ids)[-1]

    def _angles(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Cosines and sines (n, head_dim / 2), the angles computed in float64."""
        frequencies = self.theta ** (-np.arange(0, self.head_dim, 2) / self.head_dim)
        angles = np.outer(np.arange(n), frequencies)
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def _norm(self, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.epsilon) * weight

    def _split(self, x: np.ndarray) -> np.ndarray:
        """(n, heads * head_dim) to (heads, n, head_dim)."""
        return x.reshape(len(x), -1, self.head_dim).transpose(1, 0, 2)

    @staticmethod
    def _rope(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
        """GGUF stores the rows of W_q and W_k of this architecture so that neighbours (2i, 2i + 1) are a pair."""
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = np.empty_like(x)
        turned[..., 0::2] = even * cos - odd * sin
        turned[..., 1::2] = even * sin + odd * cos
        return turned

    def _attend(self, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Causal attention; one head at a time bounds the memory by one (n, n) matrix."""
        n = q.shape[1]
        future = np.triu(np.ones((n, n), dtype=bool), 1)
        out = np.empty((n, self.heads, self.head_dim), dtype=np.float32)
        for head in range(self.heads):
            kv = head * self.kv_heads // self.heads
            scores = q[head] @ k[kv].T / np.float32(np.sqrt(self.head_dim))
            scores[future] = -np.inf
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            out[:, head] = scores @ v[kv]
        return out.reshape(n, -1)


def main() -> None:
    import engines

    parser = support.parser("Print the top logits at each position of a text, computed by numpy in FP32.")
    parser.add_argument("--prompt", default="The capital of France is", help="text, tokenized without BOS")
    parser.add_argument("--top", type=int, default=5, help="logits per position")
    options = parser.parse_args()
    tokenizer = engines.HuggingFaceTokenizer(options.model)
    ids = tokenizer.encode(options.prompt)
    rows = NumpyLlama(options.model).logits(ids)
    positions = []
    for token, row in zip(ids, rows):
        best = np.argsort(-row, kind="stable")[: options.top]
        positions.append({"token": token, "top_ids": best.tolist(), "top_logits": [round(float(row[b]), 5) for b in best],
                          "top_text": [tokenizer.decode([int(b)]) for b in best]})
    support.emit({"model": support.identity(options.model), "versions": support.versions(), "positions": positions}, options.out)


if __name__ == "__main__":
    main()
