"""Perplexity of a text in non-overlapping windows, as the GPTQ and RotateKV scripts compute it.

The whole text is tokenized as one string, with BOS at its start only where the model's metadata asks for it. The ids are cut into windows;
what is left over at the end is dropped. Each window is a sequence of its own: its first token has no prediction, so a window of 2,048
tokens has 2,047 predicted ones. Perplexity is exp(sum of NLL / predicted tokens).
"""

import math
import time

import engines
import support


def main() -> None:
    parser = support.parser("Print the negative log-likelihood of each window of a text and the running perplexity.")
    support.add_text(parser)
    parser.add_argument("--engine", choices=engines.NAMES, default="llama-cpp", help="what computes the logits")
    parser.add_argument("--window", type=int, default=engines.CONTEXT, help=f"tokens per window, at most {engines.CONTEXT}")
    parser.add_argument("--windows", type=int, default=8, help="windows to score; 0 for all")
    options = parser.parse_args()

    text = options.text.read_text(encoding="utf-8")
    ids = engines.HuggingFaceTokenizer(options.model).encode(text)
    whole = len(ids) // options.window
    count = min(options.windows or whole, whole)
    engine = engines.make(options.engine, options.model, options.threads)
    if options.engine == "llama-cpp" and engine.tokenize(text) != ids:
        raise SystemExit("llama.cpp and Hugging Face tokenizers disagree on the text")
    sums, running = [], []
    begun = time.perf_counter()
    for i in range(count):
        window = ids[i * options.window : (i + 1) * options.window]
        sums.append(float(support.nll(engine.logits(window), window).sum()))
        running.append(math.exp(sum(sums) / (len(sums) * (options.window - 1))))
        support.note(f"window {i + 1}/{count}: nll {sums[-1]:.4f}, perplexity so far {running[-1]:.5f}")
    support.emit(
        {
            "engine": options.engine,
            "model": support.identity(options.model),
            "text": support.identity(options.text),
            "versions": support.versions(),
            "tokens": len(ids),
            "first_ids": ids[:10],
            "window": options.window,
            "windows": count,
            "windows_in_text": whole,
            "predicted_tokens": count * (options.window - 1),
            "window_nll": [round(x, 4) for x in sums],
            "running_perplexity": [round(x, 5) for x in running],
            "perplexity": round(running[-1], 5),
            "seconds": round(time.perf_counter() - begun, 1),
        },
        options.out,
    )


if __name__ == "__main__":
    main()
