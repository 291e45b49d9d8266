"""Prefill and decode rates of llama-cpp-python on this machine, to be run beside `rotatekv bench cpu --json` with the same file and threads.

Prefill: tokens of the prompt over the time until its last logits are ready. Decode: greedy tokens, one at a time, over the time from the
first to the last, the choice of the largest logit included. One warm-up of each is thrown away.
"""

import statistics
import time

import engines
import support


def prefill(engine: engines.LlamaCpp, ids: list[int]) -> float:
    """Tokens per second of one prompt from an empty cache."""
    engine.llama.reset()
    begun = time.perf_counter()
    engine.llama.eval(ids)
    engine.last_logits()
    return len(ids) / (time.perf_counter() - begun)


def decode(engine: engines.LlamaCpp, prompt: list[int], count: int) -> float:
    """Tokens per second of greedy generation after a prompt; end-of-text does not stop it."""
    engine.llama.reset()
    engine.llama.eval(prompt)
    token = int(engine.last_logits().argmax())
    begun = time.perf_counter()
    for _ in range(count):
        engine.llama.eval([token])
        token = int(engine.last_logits().argmax())
    return count / (time.perf_counter() - begun)


def summary(rates: list[float]) -> dict:
    return {"median": round(statistics.median(rates), 2), "best": round(max(rates), 2), "runs": [round(r, 2) for r in rates]}


def main() -> None:
    parser = support.parser("Print prefill and decode tokens per second of llama-cpp-python.")
    support.add_text(parser)
    parser.add_argument("--prompts", nargs="+", type=int, default=[512, 1024], help="prompt lengths for prefill, in tokens")
    parser.add_argument("--decode", type=int, default=128, help="tokens to generate")
    parser.add_argument("--decode-prompt", type=int, default=64, help="prompt length before decode, in tokens")
    parser.add_argument("--runs", type=int, default=5, help="runs of each, after the warm-up")
    parser.add_argument("--flash-attention", action="store_true", help="switch flash attention on (llama-cpp-python's default is off)")
    options = parser.parse_args()

    before = support.machine()
    engine = engines.LlamaCpp(options.model, options.threads, logits_all=False, flash_attention=options.flash_attention)
    ids = engine.tokenize(options.text.read_text(encoding="utf-8")[:100_000])
    rates = {}
    for length in options.prompts:
        rates[f"prefill_tok_s_{length}"] = summary([prefill(engine, ids[:length]) for _ in range(options.runs + 1)][1:])
        support.note(f"prefill {length}: {rates[f'prefill_tok_s_{length}']}")
    prompt = ids[: options.decode_prompt]
    rates["decode_tok_s"] = summary([decode(engine, prompt, options.decode) for _ in range(options.runs + 1)][1:])
    support.emit(
        {
            "engine": "llama-cpp",
            "model": support.identity(options.model),
            "versions": support.versions(),
            "machine": before | {"load_average_after": support.machine()["load_average"]},
            "system_info": engine.system_info(),
            "threads": options.threads,
            "flash_attention": options.flash_attention,
            "decode_prompt_tokens": options.decode_prompt,
            "decode_tokens": options.decode,
        }
        | rates,
        options.out,
    )


if __name__ == "__main__":
    main()
