"""A minimal safetensors reader: tensors as float32 arrays. It trusts its input."""

import json
import pathlib
import struct

import numpy as np

from quants import dequantize

KINDS = {"F32": "f32", "F16": "f16", "BF16": "bf16"}


class SafetensorsFile:
    """tensors: name -> (kind, shape, raw bytes)."""

    def __init__(self, path):
        data = memoryview(open(path, "rb").read())
        (header_bytes,) = struct.unpack_from("<Q", data)
        header = json.loads(bytes(data[8 : 8 + header_bytes]))
        header.pop("__metadata__", None)
        base = 8 + header_bytes
        self.tensors = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            self.tensors[name] = (
                KINDS[entry["dtype"]],
                tuple(entry["shape"]),
                data[base + begin : base + end],
            )


def to_bf16(array):
    """float32 -> bfloat16 bits, rounded to nearest even."""
    bits = array.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def write_safetensors(path, arrays):
    """arrays: name -> float32 or float16 array, or uint16 bits of bfloat16."""
    header, offset = {}, 0
    for name, array in arrays.items():
        kind = {"float32": "F32", "float16": "F16", "uint16": "BF16"}[str(array.dtype)]
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            out.write(array.tobytes())


class HfModel:
    """A Hugging Face directory: its config.json and all its shards."""

    def __init__(self, directory):
        directory = pathlib.Path(directory)
        self.config = json.loads((directory / "config.json").read_text())
        self.tensors = {}
        for shard in sorted(directory.glob("*.safetensors")):
            self.tensors.update(SafetensorsFile(shard).tensors)

    def tensor(self, name):
        kind, shape, raw = self.tensors[name]
        return dequantize(kind, raw).reshape(shape)
