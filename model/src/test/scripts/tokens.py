#!/usr/bin/env python3
"""Tokenizes texts with llama.cpp, as the reference for the tokenizer made from a GGUF file.

Run with llama-cpp-python installed and the path of SmolLM2-135M-Instruct.Q4_1.gguf:

    python3 tokens.py MODEL.gguf > ../resources/io/rotatekv/model/tokenizer/tokens.json
"""

import json
import sys

from llama_cpp import Llama

TEXTS = [
    "",
    "Hello, world!",
    " leading and trailing ",
    "The quick brown fox jumps over the lazy dog. It's 1984, isn't it? WE'LL SEE.",
    "naïve café, Ångström, Straße, señor, Łódź",
    "e\u0301 decomposed and \u00e9 composed",
    "中文字符，日本語のテキスト、한국어 문장",
    "Привет, мир! Γειά σου Κόσμε. مرحبا بالعالم",
    "😀 👩‍👩‍👧‍👦 🇩🇪 emoji",
    "def f(x):\n    return [i ** 2 for i in range(x)]  # squares\n\n\nprint(f(10))\n",
    "\tif (a && b) {\r\n\t\tc += 0x1F;\r\n\t}\r\n",
    "3.14159 1,234,567 2024-01-31 ½ ² Ⅷ ٣",
    "a" + " " * 40 + "b\n\n\n\n\t\t\tc" + "\n" * 20,
    "https://example.org/a_b?c=d&e=f#g <b>bold</b> $100 50% (x) [y] {z}",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "\u00a0non-breaking\u2003em space\u200bzero width\ufeff",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
]

model = Llama(sys.argv[1], vocab_only=True, verbose=False)
print(
    json.dumps(
        [
            {
                "text": text,
                "ids": model.tokenize(text.encode(), add_bos=False, special=True),
            }
            for text in TEXTS
        ],
        ensure_ascii=True,
        indent=None,
    ).replace("}, {", "},\n {")
)
