"""Writes golden_quants.json: blocks of every quantised format and what they decode to.

The blocks are random bytes with ordinary scales, then with the extremes of f16, then all zeros and
all ones in their quants. The values are those of the `gguf` package (ggml's own Python
implementation; requirements.txt says which), so neither this folder's decoders nor the engine's had
a hand in them; this folder's must agree bit for bit before anything is written.

  python make_quant_goldens.py
"""

import importlib.metadata
import json
import pathlib

import gguf
import numpy as np

from quants import TENSOR_TYPES, dequantize

HERE = pathlib.Path(__file__).parent
SCALES_AT = {"q4_1": (0, 2), "q5_1": (0, 2), "q4_k": (0, 2), "q5_k": (0, 2), "q6_k": (208,)}
# f16 bits: 1, 0.1, -0.03; the largest of either sign, the least subnormal, the largest subnormal, 0, -0
ORDINARY = [0x3C00, 0x2E66, 0xA7AE]
EXTREMES = [0x7BFF, 0xFBFF, 0x0001, 0x83FF, 0x0000, 0x8000]


def make_blocks(kind, block_bytes):
    generator = np.random.default_rng(20260101 + block_bytes)
    halves = ORDINARY + EXTREMES
    blocks = generator.integers(0, 256, (len(halves) + 2, block_bytes), dtype=np.uint8)
    blocks[-2], blocks[-1] = 0x00, 0xFF
    for at, shift in zip(SCALES_AT.get(kind, (0,)), (0, 4)):
        bits = [halves[(i + shift) % len(halves)] for i in range(len(halves))] + ORDINARY[:2]
        blocks[:, at : at + 2] = np.array(bits, "<u2").reshape(-1, 1).view(np.uint8)
    return blocks


def main():
    formats = []
    for type_id, (kind, elements, block_bytes) in TENSOR_TYPES.items():
        if elements == 1:
            continue
        blocks = make_blocks(kind, block_bytes)
        values = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType(type_id)).astype("<f4")
        assert dequantize(kind, blocks.tobytes()).tobytes() == values.tobytes(), kind
        formats.append({"dtype": kind, "blocks": blocks.tobytes().hex(), "values": values.tobytes().hex()})
    rows = ",\n".join(json.dumps(row) for row in formats)
    head = f'"made_by": "make_quant_goldens.py with gguf {importlib.metadata.version("gguf")}"'
    (HERE / "golden_quants.json").write_text(f'{{{head}, "formats": [\n{rows}\n]}}\n')


if __name__ == "__main__":
    main()
