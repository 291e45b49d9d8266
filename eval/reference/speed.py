"""Prefill and decode rates of llama-cpp-python and of `rotatekv bench cpu`, in one run: the same file, threads and numbers of tokens.

Prefill: tokens of the prompt over the time until its last logits are ready. Decode: greedy tokens, one at a time, over the time from the
first to the last, the choice of the largest logit included. llama.cpp is measured before and after rotatekv, so that a machine that gets
slower or busier shows in its runs. One warm-up of each is thrown away.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

import engines
import support

# What `rotatekv bench cpu` puts before the tokens that it times.
BENCH_DECODE_PROMPT = 64


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


def llama_cpp(options: argparse.Namespace) -> dict:
    """Rates of llama-cpp-python; the engine and its threads are gone when this returns."""
    engine = engines.LlamaCpp(options.model, options.threads, logits_all=False, flash_attention=options.flash_attention)
    ids = engine.tokenize(options.text.read_text(encoding="utf-8")[:100_000])
    prompt = ids[: options.decode_prompt]
    return {
        "system_info": engine.system_info(),
        "prefill_tok_s": [prefill(engine, ids[: options.prompt]) for _ in range(options.runs + 1)][1:],
        "decode_tok_s": [decode(engine, prompt, options.decode) for _ in range(options.runs + 1)][1:],
    }


def rotatekv(options: argparse.Namespace) -> dict:
    """What `rotatekv bench cpu --json` prints."""
    command = [options.rotatekv, "bench", "cpu", "--json", "--model", options.model, "--threads", options.threads]
    command += ["--prompt", options.prompt, "--generate", options.decode]
    run = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def main() -> None:
    parser = support.parser("Print prefill and decode tokens per second of llama-cpp-python and of rotatekv, and their ratios.")
    support.add_text(parser)
    parser.add_argument("--rotatekv", type=pathlib.Path, default=support.REPOSITORY / "rotatekv", help="the command to compare with")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt for prefill")
    parser.add_argument("--decode", type=int, default=128, help="tokens to generate")
    parser.add_argument("--runs", type=int, default=3, help="runs of llama.cpp before, and again after, beside a warm-up")
    parser.add_argument("--flash-attention", action="store_true", help="switch flash attention on (llama-cpp-python's default is off)")
    options = parser.parse_args()
    options.decode_prompt = BENCH_DECODE_PROMPT

    load = [support.machine()["load_average"]]
    before = llama_cpp(options)
    support.note(f"llama.cpp: {before}")
    load.append(support.machine()["load_average"])
    ours = rotatekv(options)
    support.note(f"rotatekv: {ours}")
    load.append(support.machine()["load_average"])
    after = llama_cpp(options)
    theirs = {rate: summary(before[rate] + after[rate]) for rate in ("prefill_tok_s", "decode_tok_s")}
    support.emit(
        {
            "model": support.identity(options.model),
            "versions": support.versions(),
            "machine": support.machine() | {"load_average": load},
            "threads": options.threads,
            "prompt_tokens": options.prompt,
            "decode_prompt_tokens": options.decode_prompt,
            "decode_tokens": options.decode,
            "llama_cpp": {"system_info": before["system_info"], "flash_attention": options.flash_attention} | theirs,
            "rotatekv": ours,
            "ratio": {rate: round(ours[rate] / theirs[rate]["median"], 3) for rate in theirs},
        },
        options.out,
    )


if __name__ == "__main__":
    main()
