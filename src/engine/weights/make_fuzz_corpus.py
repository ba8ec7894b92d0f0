"""Writes the fuzz corpora beside this script: small sound and damaged model files of our own."""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent / "fuzz_corpus"
UINT32, FLOAT, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


def uint(key, value):
    return entry(key, UINT32, struct.pack("<I", value))


def strings(key, values):
    body = struct.pack("<IQ", STRING, len(values)) + b"".join(text(v) for v in values)
    return entry(key, ARRAY, body)


def gguf(keys, tensors, version=3):
    """tensors: list of (name, dims innermost first, type id, bytes)."""
    infos, data = b"", b""
    for name, dims, kind, raw in tensors:
        infos += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, len(data))
        data += raw + b"\0" * (-len(raw) % 32)
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys)) + b"".join(keys) + infos
    return head + b"\0" * (-len(head) % 32) + data


def model(arch, kind=0, block=1, block_bytes=4, head_dim=None, inner=None):
    """A one-layer model with a vocabulary of three; `kind` is the type of the matrices whose rows are
    whole blocks, others are F32."""
    hidden = 4 if block == 1 else block
    heads, inner = head_dim or hidden // 2, inner or hidden
    keys = [
        entry("general.architecture", STRING, text(arch)),
        uint(f"{arch}.embedding_length", hidden),
        uint(f"{arch}.feed_forward_length", inner),
        uint(f"{arch}.block_count", 1),
        uint(f"{arch}.attention.head_count", 2),
        uint(f"{arch}.attention.head_count_kv", 1),
        uint(f"{arch}.context_length", 16),
        entry(f"{arch}.attention.layer_norm_rms_epsilon", FLOAT, struct.pack("<f", 1e-5)),
        entry("tokenizer.ggml.model", STRING, text("gpt2")),
        entry("tokenizer.ggml.pre", STRING, text("smollm")),
        entry("tokenizer.ggml.add_bos_token", BOOL, b"\1"),
        strings("tokenizer.ggml.tokens", ["a", "b", "ab"]),
        strings("tokenizer.ggml.merges", ["a b"]),
        uint("tokenizer.ggml.eos_token_id", 2),
    ]
    if head_dim:
        keys += [uint(f"{arch}.attention.{name}_length", head_dim) for name in ("key", "value")]

    def matrix(name, rows, columns=hidden):
        whole = columns % block == 0
        size = rows * columns // block * block_bytes if whole else rows * columns * 4
        return name, (columns, rows), kind if whole else 0, b"\1" * size

    vector = lambda name, size: (name, (size,), 0, b"\1" * (4 * size))
    tensors = [matrix("token_embd.weight", 3), vector("output_norm.weight", hidden)]
    tensors += [vector(f"blk.0.{name}.weight", hidden) for name in ("attn_norm", "ffn_norm")]
    tensors += [matrix(f"blk.0.{name}.weight", *shape) for name, shape in (
        ("attn_q", (2 * heads,)), ("attn_k", (heads,)), ("attn_v", (heads,)),
        ("attn_output", (hidden, 2 * heads)), ("ffn_gate", (inner,)), ("ffn_up", (inner,)),
        ("ffn_down", (hidden, inner)))]
    if arch == "qwen2":
        sizes = {"attn_q": hidden, "attn_k": hidden // 2, "attn_v": hidden // 2}
        tensors += [vector(f"blk.0.{name}.bias", size) for name, size in sizes.items()]
    if arch == "qwen3":
        tensors += [vector(f"blk.0.attn_{name}_norm.weight", hidden // 2) for name in "qk"]
    return gguf(keys, tensors)


def safetensors(header, data=b"\0" * 16):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


GGUF = {
    "llama_f32": model("llama"),
    "llama_f16": model("llama", 1, 1, 2),
    "llama_q4_1": model("llama", 3, 32, 20),
    "llama_q8_0": model("llama", 8, 32, 34),
    "llama_q5_0": model("llama", 6, 32, 22, head_dim=2, inner=4),
    "llama_q5_1": model("llama", 7, 32, 24, head_dim=2, inner=4),
    "llama_q4_k": model("llama", 12, 256, 144, head_dim=2, inner=4),
    "llama_q5_k": model("llama", 13, 256, 176, head_dim=2, inner=4),
    "llama_q6_k": model("llama", 14, 256, 210, head_dim=2, inner=4),
    "q4_k_ragged": gguf([], [("t", (288, 2), 12, b"\0" * 576)]),
    "qwen2_f32": model("qwen2"),
    "qwen3_f32": model("qwen3"),
    "version_2": gguf([uint("k", 1)], [("t", (8,), 0, b"\0" * 32)], version=2),
    "cut_short": model("llama")[:700],
    "huge_counts": b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 1 << 63),
    "huge_array": gguf([entry("a", ARRAY, struct.pack("<IQ", STRING, 1 << 61))], []),
    "alignment": gguf([uint("general.alignment", 1 << 31)], [("t", (8,), 0, b"\0" * 32)]),
    "duplicate_key": gguf([uint("k", 1), uint("k", 2)], []),
    "empty_name": gguf([uint("", 1)], [("", (8,), 0, b"\0" * 32)]),
}
SAFETENSORS = {
    "two": safetensors({"a": tensor("F32", [2], 0, 8), "b": tensor("F16", [2, 2], 8, 16)}),
    "scalar": safetensors({"a": tensor("BF16", [], 0, 2)}),
    "metadata": safetensors({"__metadata__": {"format": "pt"}}),
    "unaligned": safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}'),
    "overlap": safetensors({"a": tensor("F32", [2], 0, 8), "b": tensor("F32", [2], 4, 12)}),
    "huge_shape": safetensors({"a": tensor("F32", [1 << 32, 1 << 32], 0, 0)}),
    "huge_length": b"\xff" * 8 + b"{}",
    "nested": safetensors(b'{"a":' + b"[" * 200 + b"]" * 200 + b"}"),
    "no_dtype": safetensors({"a": {"shape": [1], "data_offsets": [0, 4]}}),
    "bad_utf8": safetensors(b'{"\xff\xfe":1}'),
}


def main():
    for folder, files in (("gguf", GGUF), ("safetensors", SAFETENSORS)):
        (HERE / folder).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (HERE / folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
