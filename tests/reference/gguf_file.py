"""A minimal GGUF reader: metadata and tensors as float32 arrays.

Written for the reference only, independently of the C++ reader. It trusts its input.
"""

import struct

import numpy as np

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
# type id -> (name, elements per block, bytes per block)
TENSOR_TYPES = {
    0: ("f32", 1, 4),
    1: ("f16", 1, 2),
    2: ("q4_0", 32, 18),
    3: ("q4_1", 32, 20),
    8: ("q8_0", 32, 34),
    30: ("bf16", 1, 2),
}


def bf16_to_f32(raw):
    return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)


def nibbles(packed):
    """(blocks, 16) bytes -> (blocks, 32) values: low nibbles first, then high nibbles."""
    return np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)


def scale_column(blocks, offset):
    return blocks[:, offset : offset + 2].copy().view("<f2").astype(np.float32)


def dequantize(kind, raw):
    if kind == "f32":
        return np.frombuffer(raw, "<f4").copy()
    if kind == "f16":
        return np.frombuffer(raw, "<f2").astype(np.float32)
    if kind == "bf16":
        return bf16_to_f32(raw)
    block_bytes = {name: size for name, _, size in TENSOR_TYPES.values()}[kind]
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, block_bytes)
    scale = scale_column(blocks, 0)
    if kind == "q8_0":
        values = scale * blocks[:, 2:].view(np.int8).astype(np.float32)
    elif kind == "q4_0":
        values = scale * (nibbles(blocks[:, 2:]) - 8)
    else:
        values = scale * nibbles(blocks[:, 4:]) + scale_column(blocks, 2)
    return values.reshape(-1)


class GgufFile:
    """metadata: key -> value; tensors: name -> (kind, shape outermost first, raw bytes)."""

    def __init__(self, path):
        self.data = memoryview(open(path, "rb").read())
        self.position = 0
        magic, version, num_tensors, num_keys = self.take("<4sIQQ")
        assert magic == b"GGUF" and version in (2, 3), (magic, version)
        self.metadata = {}
        for _ in range(num_keys):
            key = self.string()
            self.metadata[key] = self.value(self.take("<I")[0])
        infos = [self.tensor_info() for _ in range(num_tensors)]
        alignment = self.metadata.get("general.alignment", 32)
        base = (self.position + alignment - 1) // alignment * alignment
        self.tensors = {}
        for name, shape, kind_id, offset in infos:
            kind, elements, block_bytes = TENSOR_TYPES[kind_id]
            size = int(np.prod(shape)) // elements * block_bytes
            self.tensors[name] = (kind, shape, self.data[base + offset : base + offset + size])

    def take(self, layout):
        values = struct.unpack_from(layout, self.data, self.position)
        self.position += struct.calcsize(layout)
        return values

    def string(self):
        (length,) = self.take("<Q")
        self.position += length
        return bytes(self.data[self.position - length : self.position]).decode("utf-8", "replace")

    def value(self, kind):
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            element_kind, count = self.take("<IQ")
            return [self.value(element_kind) for _ in range(count)]
        return self.take("<" + SCALARS[kind])[0]

    def tensor_info(self):
        name = self.string()
        (num_dims,) = self.take("<I")
        dims = self.take(f"<{num_dims}Q")
        kind_id, offset = self.take("<IQ")
        return name, tuple(reversed(dims)), kind_id, offset

    def tensor(self, name):
        kind, shape, raw = self.tensors[name]
        return dequantize(kind, raw).reshape(shape)
