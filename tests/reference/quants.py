"""GGML's tensor formats in numpy: dequantize(kind, raw) and, for test models, quantize(kind, values).

Written from the block layouts, independently of the C++ decoders. The quantiser is a plain one: it
spreads each sub-block's range over the integers and searches for nothing better.
"""

import numpy as np

# type id -> (name, elements per block, bytes per block)
TENSOR_TYPES = {
    0: ("f32", 1, 4),
    1: ("f16", 1, 2),
    2: ("q4_0", 32, 18),
    3: ("q4_1", 32, 20),
    6: ("q5_0", 32, 22),
    7: ("q5_1", 32, 24),
    8: ("q8_0", 32, 34),
    12: ("q4_k", 256, 144),
    13: ("q5_k", 256, 176),
    14: ("q6_k", 256, 210),
    30: ("bf16", 1, 2),
}
BLOCK_BYTES = {name: size for name, _, size in TENSOR_TYPES.values()}
TYPE_IDS = {name: type_id for type_id, (name, _, _) in TENSOR_TYPES.items()}


def bf16_to_f32(raw):
    return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)


def unpack(packed, bits, run):
    """(blocks, bytes) -> (blocks, elements): `run` bytes hold `run` elements in their lowest bits,
    then `run` elements in the next bits, and so on."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8).reshape(1, 1, -1, 1)
    parts = packed.reshape(len(packed), -1, 1, run) >> shifts & ((1 << bits) - 1)
    return parts.reshape(len(packed), -1)


def pack(values, bits, run):
    """The inverse of unpack."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8).reshape(1, 1, -1, 1)
    parts = values.astype(np.uint8).reshape(len(values), -1, 8 // bits, run) << shifts
    return np.bitwise_or.reduce(parts, axis=2).reshape(len(values), -1)


def half_column(blocks, offset):
    return blocks[:, offset : offset + 2].copy().view("<f2").astype(np.float32)


def half_bytes(values):
    """(blocks,) -> (blocks, 2) bytes, and the values as they were rounded."""
    halves = values.astype("<f2").reshape(-1, 1)
    return halves.view(np.uint8), halves.astype(np.float32)


def six_bit_scales(packed):
    """(blocks, 12) -> scales and minima, (blocks, 8, 1) each."""
    first, second, rest = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = np.concatenate([first & 63, rest & 15 | first >> 6 << 4], axis=1)
    minima = np.concatenate([second & 63, rest >> 4 | second >> 6 << 4], axis=1)
    return tuple(part.astype(np.float32)[:, :, None] for part in (scales, minima))


def pack_six_bit_scales(scales, minima):
    scales, minima = scales.astype(np.uint8), minima.astype(np.uint8)
    first = scales[:, :4] | scales[:, 4:] >> 4 << 6
    second = minima[:, :4] | minima[:, 4:] >> 4 << 6
    return np.concatenate([first, second, scales[:, 4:] & 15 | minima[:, 4:] << 4], axis=1)


def dequantize_k(blocks, kind):
    scale, minimum = half_column(blocks, 0), half_column(blocks, 2)
    scales, minima = six_bit_scales(blocks[:, 4:16])
    quants = unpack(blocks[:, -128:], 4, 32)
    if kind == "q5_k":
        quants = quants | unpack(blocks[:, 16:48], 1, 32) << 4
    quants = quants.reshape(-1, 8, 32).astype(np.float32)
    return scale[:, :, None] * scales * quants - minimum[:, :, None] * minima


def dequantize_q6_k(blocks):
    quants = unpack(blocks[:, :128], 4, 64) | unpack(blocks[:, 128:192], 2, 32) << 4
    scales = blocks[:, 192:208].view(np.int8).astype(np.float32)[:, :, None]
    quants = quants.astype(np.float32).reshape(-1, 16, 16) - 32
    return half_column(blocks, 208)[:, :, None] * scales * quants


def dequantize(kind, raw):
    """Bytes of whole blocks -> float32 values."""
    if kind == "f32":
        return np.frombuffer(raw, "<f4").copy()
    if kind == "f16":
        return np.frombuffer(raw, "<f2").astype(np.float32)
    if kind == "bf16":
        return bf16_to_f32(raw)
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, BLOCK_BYTES[kind])
    if kind == "q6_k":
        return dequantize_q6_k(blocks).reshape(-1)
    if kind in ("q4_k", "q5_k"):
        return dequantize_k(blocks, kind).reshape(-1)
    scale = half_column(blocks, 0)
    if kind == "q8_0":
        return (scale * blocks[:, 2:].view(np.int8).astype(np.float32)).reshape(-1)
    quants = unpack(blocks[:, -16:], 4, 16)
    if kind.startswith("q5"):
        quants = quants | np.unpackbits(blocks[:, -20:-16], axis=1, bitorder="little") << 4
    if kind.endswith("_1"):
        return (scale * quants.astype(np.float32) + half_column(blocks, 2)).reshape(-1)
    offset = 8 if kind == "q4_0" else 16
    return (scale * (quants.astype(np.float32) - offset)).reshape(-1)


def divide(values, by):
    return np.divide(values, by, out=np.zeros_like(values), where=by != 0)


def quantize_k(values, bits):
    values = values.reshape(-1, 8, 32)
    largest = (1 << bits) - 1
    lowest = np.minimum(values.min(axis=2), 0)
    steps = (values.max(axis=2) - lowest) / largest
    scale_raw, scale = half_bytes(steps.max(axis=1) / 63)
    minimum_raw, minimum = half_bytes(-lowest.min(axis=1) / 63)
    scales = np.clip(np.rint(divide(steps, scale)), 0, 63)
    minima = np.clip(np.rint(divide(-lowest, minimum)), 0, 63)
    shifted = values + (minimum * minima)[:, :, None]
    quants = np.clip(np.rint(divide(shifted, (scale * scales)[:, :, None])), 0, largest)
    quants = quants.astype(np.uint8).reshape(-1, 256)
    parts = [scale_raw, minimum_raw, pack_six_bit_scales(scales, minima)]
    if bits == 5:
        parts.append(pack(quants >> 4, 1, 32))
    return np.concatenate([*parts, pack(quants & 15, 4, 32)], axis=1)


def quantize_q6_k(values):
    values = values.reshape(-1, 16, 16)
    extremes = np.take_along_axis(values, np.abs(values).argmax(axis=2)[:, :, None], axis=2)[:, :, 0]
    steps = extremes / -32  # the extreme becomes -32; steps have either sign
    scale_raw, scale = half_bytes(np.abs(steps).max(axis=1) / 127)
    scales = np.clip(np.rint(divide(steps, scale)), -128, 127)
    quants = np.rint(divide(values, (scale * scales)[:, :, None]))
    quants = (np.clip(quants, -32, 31) + 32).astype(np.uint8).reshape(-1, 256)
    parts = [pack(quants & 15, 4, 64), pack(quants >> 4, 2, 32), scales.astype(np.int8).view(np.uint8)]
    return np.concatenate([*parts, scale_raw], axis=1)


def symmetric_quants(values, bits):
    """Blocks of 32 whose extreme becomes the lowest integer: bytes of scales, and q from 0 on."""
    values = values.reshape(-1, 32)
    offset = 1 << (bits - 1)
    extremes = np.take_along_axis(values, np.abs(values).argmax(axis=1)[:, None], axis=1)[:, 0]
    scale_raw, scale = half_bytes(extremes / -offset)
    quants = np.clip(np.rint(divide(values, scale)), -offset, offset - 1) + offset
    return scale_raw, quants.astype(np.uint8)


def quantize_q4_0(values):
    scale_raw, quants = symmetric_quants(values, 4)
    return np.concatenate([scale_raw, pack(quants, 4, 16)], axis=1)


def quantize_q5_0(values):
    scale_raw, quants = symmetric_quants(values, 5)
    high = np.packbits(quants >> 4, axis=1, bitorder="little")
    return np.concatenate([scale_raw, high, pack(quants & 15, 4, 16)], axis=1)


def quantize(kind, values):
    """float32 values -> bytes of whole blocks."""
    if kind == "f32":
        return values.astype("<f4").tobytes()
    quantizers = {
        "q4_k": lambda: quantize_k(values, 4),
        "q5_k": lambda: quantize_k(values, 5),
        "q6_k": lambda: quantize_q6_k(values),
        "q4_0": lambda: quantize_q4_0(values),
        "q5_0": lambda: quantize_q5_0(values),
    }
    return quantizers[kind]().tobytes()
