"""A minimal GGUF reader and writer: metadata and tensors as float32 arrays.

Written for the reference only, independently of the C++ reader. It trusts its input.
"""

import struct

import numpy as np

from quants import TENSOR_TYPES, TYPE_IDS, dequantize, quantize

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9


class GgufFile:
    """metadata: key -> value; tensors: name -> (kind, shape outermost first, raw bytes)."""

    def __init__(self, path):
        self.data = memoryview(open(path, "rb").read())
        self.position = 0
        magic, version, num_tensors, num_keys = self.take("<4sIQQ")
        assert magic == b"GGUF" and version in (2, 3), (magic, version)
        self.metadata = {}
        begin = self.position
        for _ in range(num_keys):
            key = self.string()
            self.metadata[key] = self.value(self.take("<I")[0])
        self.metadata_bytes = bytes(self.data[begin : self.position])
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


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def metadata_value(value):
    kinds = {str: (STRING, text), int: (4, lambda v: struct.pack("<I", v))}
    kind, encode = kinds.get(type(value), (6, lambda v: struct.pack("<f", v)))
    return struct.pack("<I", kind) + encode(value)


def write_gguf(path, metadata, arrays):
    """metadata: key -> str, int or float; arrays: name -> (kind, float32 array)."""
    keys = b"".join(text(key) + metadata_value(value) for key, value in metadata.items())
    tensors = {name: (kind, array.shape, quantize(kind, array))
               for name, (kind, array) in arrays.items()}
    write_raw(path, len(metadata), keys, tensors)


def write_raw(path, num_keys, keys, tensors):
    """keys: the metadata's bytes, without an alignment of their own; tensors: as GgufFile.tensors."""
    infos, data = b"", bytearray()
    for name, (kind, shape, raw) in tensors.items():
        dims = shape[::-1]
        infos += text(name) + struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
        infos += struct.pack("<IQ", TYPE_IDS[kind], len(data))
        data += raw
        data += b"\0" * (-len(data) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), num_keys) + keys + infos
    head += b"\0" * (-len(head) % 32)
    with open(path, "wb") as out:
        out.write(head + data)
