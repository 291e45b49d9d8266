"""Copies a GGUF file with every tensor dequantized to FP32.

On such a file llama.cpp multiplies in FP32 with FP32 activations. Its agreement with the FP32 engines there, against its agreement on the
quantized file, is what rounding activations to 8 bits costs.
"""

import argparse
import pathlib

import gguf

HEADER = "GGUF."


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a GGUF file's FP32 copy: the same metadata, every tensor dequantized.")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="GGUF file to read")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="GGUF file to write")
    options = parser.parse_args()

    reader = gguf.GGUFReader(options.model)
    architecture = reader.fields[gguf.Keys.General.ARCHITECTURE].contents()
    writer = gguf.GGUFWriter(options.out, architecture)
    for name, field in reader.fields.items():
        if name.startswith(HEADER) or name in (gguf.Keys.General.ARCHITECTURE, gguf.Keys.General.FILE_TYPE):
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.dequantize(tensor.data, tensor.tensor_type).astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
