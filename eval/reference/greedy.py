"""Writes the golden file of chat prompts: the rendered template, its token ids, and greedy continuations.

The template is the model's own. Each step records how far the largest logit is ahead of the next: where an engine first departs from
another, a small margin there means rounding, a large one a fault.
"""

import pathlib

import numpy as np

import engines
import support

GOLDEN = support.REPOSITORY / "model/src/test/resources/golden/smollm2-chat.json"
CHATS = (
    [{"role": "user", "content": "What is the capital of France?"}],
    [{"role": "system", "content": "Answer in one short sentence."}, {"role": "user", "content": "Why is the sky blue?"}],
    [
        {"role": "user", "content": "Name 3 primes above 100."},
        {"role": "assistant", "content": "101, 103 and 107."},
        {"role": "user", "content": "Add them up — show each step, please! 🙂"},
    ],
)


def render(engine: engines.LlamaCpp, messages: list[dict]) -> str:
    """The prompt that the model's chat template makes of the messages, ending where the answer begins."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    llama = engine.llama
    text = lambda token: llama.detokenize([token], special=True).decode()
    formatter = Jinja2ChatFormatter(llama.metadata["tokenizer.chat_template"], text(llama.token_eos()), text(llama.token_bos()))
    return formatter(messages=messages).prompt


def continuation(engine: engines.Engine, prompt: list[int], count: int, end: int) -> dict:
    """Greedy ids and margins; stops after the end token."""
    ids, margins = list(prompt), []
    while len(margins) < count and (not margins or ids[-1] != end):
        row = engine.next_logits(ids)
        second, first = np.argsort(row)[-2:]
        margins.append(round(float(row[first] - row[second]), 4))
        ids.append(int(first))
    return {"ids": ids[len(prompt) :], "margins": margins}


def agreed(ours: dict, other: dict) -> dict:
    """How many tokens two continuations share, and the second one's margin at the first that differs (null where none does)."""
    same = next((i for i, (a, b) in enumerate(zip(ours["ids"], other["ids"])) if a != b), None)
    return {"equal_tokens": len(ours["ids"]) if same is None else same, "margin_at_first_difference": None if same is None else other["margins"][same]}


def main() -> None:
    parser = support.parser("Write the golden chat prompts with greedy continuations and print how far the engines agree.")
    parser.add_argument("--tokens", type=int, default=64, help="tokens to generate at most")
    parser.add_argument("--fp32", choices=("numpy", "transformers"), default="transformers", help="the FP32 engine")
    parser.add_argument("--golden", type=pathlib.Path, default=GOLDEN, help="golden file to write")
    options = parser.parse_args()

    llama = engines.LlamaCpp(options.model, options.threads, logits_all=False)
    fp32 = engines.make(options.fp32, options.model, options.threads)
    hugging_face = engines.HuggingFaceTokenizer(options.model)
    end = llama.llama.token_eos()
    chats, agreement = [], []
    for messages in CHATS:
        prompt = render(llama, messages)
        ids = llama.tokenize(prompt, special=True)
        if ids != hugging_face.encode(prompt):
            raise SystemExit(f"llama.cpp and Hugging Face tokenizers disagree on {prompt!r}")
        greedy = {"llama-cpp": continuation(llama, ids, options.tokens, end), options.fp32: continuation(fp32, ids, options.tokens, end)}
        texts = {name: hugging_face.decode(found["ids"]) for name, found in greedy.items()}
        for name, text in texts.items():
            support.note(f"{name}: {text!r}")
        chats.append({"messages": messages, "prompt": prompt, "ids": ids, "greedy": greedy})
        agreement.append({"prompt_tokens": len(ids), "texts": texts} | agreed(*greedy.values()))
    about = {"made_by": "eval/reference/greedy.py", "model": support.identity(options.model), "versions": support.versions()}
    options.golden.parent.mkdir(parents=True, exist_ok=True)
    options.golden.write_text(support.pretty(about | {"end_id": end, "chats": chats}), encoding="utf-8")
    support.emit(about | {"agreement": agreement}, options.out)


if __name__ == "__main__":
    main()
