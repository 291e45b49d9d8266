"""Writes the golden file of next-token predictions that the Java tests compare with.

One sequence: the first tokens of the text, from position 0. For each engine and position: the ids and logits of the five largest logits
(ties by the smaller id) and the negative log-likelihood of the token that follows. Logits are rounded to 4 decimals.
"""

import gzip
import json
import pathlib

import numpy as np

import engines
import support

GOLDEN = support.REPOSITORY / "model/src/test/resources/golden/smollm2-logits.json.gz"
TOP = 5


def predictions(logits: np.ndarray, ids: list[int]) -> dict:
    """The largest logits per position and the likelihoods of the next tokens, as plain lists."""
    order = np.argsort(-logits, axis=1, kind="stable")[:, :TOP]
    best = np.take_along_axis(logits, order, axis=1)
    return {
        "top_ids": order.tolist(),
        "top_logits": [[round(float(x), 4) for x in row] for row in best],
        "nll": [round(float(x), 4) for x in support.nll(logits, ids)],
    }


def compare(a: dict, b: dict) -> dict:
    """How far two engines agree on the same ids."""
    tops_a, tops_b = np.array(a["top_ids"])[:, 0], np.array(b["top_ids"])[:, 0]
    differ = np.flatnonzero(tops_a != tops_b)
    margins = [round(b["top_logits"][i][0] - b["top_logits"][i][1], 4) for i in differ]
    nll_a, nll_b = np.array(a["nll"]), np.array(b["nll"])
    return {
        "top1_agreement": round(float((tops_a == tops_b).mean()), 5),
        "positions_that_differ": differ.tolist(),
        "second_engines_margin_there": margins,
        "perplexities": [round(float(np.exp(nll_a.mean())), 5), round(float(np.exp(nll_b.mean())), 5)],
        "largest_nll_difference": round(float(np.abs(nll_a - nll_b).max()), 4),
        "mean_absolute_nll_difference": round(float(np.abs(nll_a - nll_b).mean()), 5),
    }


def write(golden: dict, path: pathlib.Path) -> None:
    """Compact JSON; the gzip header holds no name and no time, so that the same figures give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(golden, separators=(",", ":")).encode("utf-8")
    path.write_bytes(gzip.compress(text, compresslevel=9, mtime=0))


def main() -> None:
    parser = support.parser("Write the golden logits file and print how far the engines agree with each other.")
    support.add_text(parser)
    parser.add_argument("--engines", nargs="+", choices=engines.NAMES, default=["llama-cpp", "transformers"], help="engines to record")
    parser.add_argument("--check", nargs="*", choices=engines.NAMES, default=["numpy"], help="engines to compare but not to record")
    parser.add_argument("--tokens", type=int, default=2000, help=f"tokens of the text, at most {engines.CONTEXT}")
    parser.add_argument("--against", type=pathlib.Path, help="golden file of the same tokens whose engines are compared too")
    parser.add_argument("--golden", type=pathlib.Path, default=GOLDEN, help="golden file to write")
    options = parser.parse_args()

    ids = engines.HuggingFaceTokenizer(options.model).encode(options.text.read_text(encoding="utf-8"))[: options.tokens]
    found = {}
    for name in options.engines + options.check:
        found[name] = predictions(engines.make(name, options.model, options.threads).logits(ids), ids)
        support.note(f"{name}: done")
    about = {
        "made_by": "eval/reference/golden_logits.py",
        "model": support.identity(options.model),
        "text": support.identity(options.text),
        "versions": support.versions(),
    }
    write(about | {"tokens": ids, "references": {name: found[name] for name in options.engines}}, options.golden)
    if options.against:
        other = json.loads(gzip.decompress(options.against.read_bytes()))
        if other["tokens"] != ids:
            raise SystemExit(f"{options.against.name} holds other tokens")
        found |= {f"{name} of {other['model']['file']}": figures for name, figures in other["references"].items()}
    names = list(found)
    pairs = {f"{a} / {b}": compare(found[a], found[b]) for i, a in enumerate(names) for b in names[i + 1 :]}
    support.emit(about | {"tokens": len(ids), "golden_bytes": options.golden.stat().st_size, "agreement": pairs}, options.out)


if __name__ == "__main__":
    main()
