"""What the reference scripts share: text windows, likelihoods, and the record of what a figure was measured with."""

import argparse
import hashlib
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import sys

import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TEST_TEXT = REPOSITORY.parent / "shared" / "data" / "wikitext-2-raw-test.txt"
PACKAGES = ("llama-cpp-python", "transformers", "torch", "tokenizers", "gguf", "numpy")


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser with the options that every script takes."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    made.add_argument("--model", type=pathlib.Path, required=True, help="GGUF file of the model")
    made.add_argument("--threads", type=int, default=2, help="threads of the engine")
    made.add_argument("--out", type=pathlib.Path, help="write the JSON here instead of to standard output")
    return made


def add_text(made: argparse.ArgumentParser) -> None:
    """Adds the option that names the evaluation text."""
    made.add_argument("--text", type=pathlib.Path, default=TEST_TEXT, help="UTF-8 text, tokenized as one string")


def emit(result: dict, out: pathlib.Path | None) -> None:
    """Writes one JSON object to the file, or to standard output where there is none."""
    text = pretty(result)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


def pretty(result: dict) -> str:
    """Indented JSON with each list of plain numbers on one line, so that a change of figures reads well in a diff."""
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    return re.sub(r"\[[\d\s,.eE+-]*\]", lambda m: " ".join(m.group().split()).replace("[ ", "[").replace(" ]", "]"), text)


def note(message: str) -> None:
    """Progress goes to standard error, so that standard output stays one JSON object."""
    print(message, file=sys.stderr, flush=True)


def sha256(path: pathlib.Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(path: pathlib.Path) -> dict:
    """Names a file by what it holds, not by where it lies."""
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)}


def versions() -> dict:
    """The installed versions of the packages that make the figures."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict:
    """The CPU, its cores, and how busy the machine is now."""
    model = platform.processor()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    return {"cpu": model, "cores": os.cpu_count(), "load_average": [round(x, 2) for x in os.getloadavg()]}


def nll(logits: np.ndarray, ids: list[int]) -> np.ndarray:
    """Negative log-likelihoods in nats, float64, of ids[1:]; row i of logits (n, vocabulary) predicts ids[i + 1]."""
    result = np.empty(len(ids) - 1)
    for i, target in enumerate(ids[1:]):
        row = logits[i].astype(np.float64)
        top = row.max()
        result[i] = top + np.log(np.exp(row - top).sum()) - row[target]
    return result
