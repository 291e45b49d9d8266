"""Makes the golden files of the weight formats: random blocks, and what GGML's own numpy code
(`pip install gguf numpy`) makes of them.

    python make_dequantized.py DIRECTORY

Each file TYPE.bin holds one row of 512 columns as stored, then the row in FP32, little-endian.
"""

import sys
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from gguf.quants import dequantize

COLUMNS = 512
# Byte offsets of the FP16 fields of a block, which are to be finite.
HALVES = {
    Type.Q4_0: [0],
    Type.Q4_1: [0, 2],
    Type.Q8_0: [0],
    Type.Q4_K: [0, 2],
    Type.Q6_K: [208],
}


def row(kind: Type, rng: np.random.Generator) -> np.ndarray:
    elements, size = GGML_QUANT_SIZES[kind]
    if kind not in HALVES:
        values = rng.normal(size=COLUMNS).astype(np.float32)
        if kind == Type.F16:
            return values.astype(np.float16).view(np.uint8)
        if kind == Type.BF16:
            return (values.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
        return values.view(np.uint8)
    blocks = rng.integers(0, 256, size=(COLUMNS // elements, size), dtype=np.uint8)
    for at in HALVES[kind]:
        half = rng.normal(scale=0.01, size=len(blocks)).astype(np.float16)
        blocks[:, at : at + 2] = half.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(-1)


def main() -> None:
    out = Path(sys.argv[1])
    for kind in [Type.F32, Type.F16, Type.BF16, *HALVES]:
        stored = row(kind, np.random.default_rng(20250101 + kind.value))
        expected = (
            stored.view(np.float32) if kind == Type.F32 else dequantize(stored, kind)
        )
        assert expected.size == COLUMNS
        (out / f"{kind.name}.bin").write_bytes(
            stored.tobytes() + expected.astype("<f4").tobytes()
        )


if __name__ == "__main__":
    main()
