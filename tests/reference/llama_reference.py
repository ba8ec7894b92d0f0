"""An independent reference of the llama architecture (Llama, SmolLM2, Qwen2, Qwen3 dense).

Plain numpy over weights dequantised to float32. It shares no code with the engine and is written to
be read against the papers: RMSNorm, rotary embedding, grouped-query attention, SwiGLU. Goldens are
computed in float64, so that they carry no rounding of their own.

  python llama_reference.py MODEL --ids 1,403,407,261,378 --greedy 24

MODEL is a .gguf file or a Hugging Face directory. Prints JSON: per position the log-probability of
the token that follows, the argmax and the five best; then the greedy continuation.
"""

import argparse
import dataclasses
import json
import math

import numpy as np

from gguf_file import GgufFile
from safetensors_file import HfModel

GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


@dataclasses.dataclass
class Config:
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    eps: float
    theta: float
    interleaved: bool  # RoPE pairs (2i, 2i+1) instead of (i, i + head_dim / 2)
    scaling: dict  # config.json's rope_scaling


def config_from_hf(json_config):
    heads = json_config["num_attention_heads"]
    return Config(
        layers=json_config["num_hidden_layers"],
        heads=heads,
        kv_heads=json_config.get("num_key_value_heads") or heads,
        head_dim=json_config.get("head_dim") or json_config["hidden_size"] // heads,
        eps=json_config["rms_norm_eps"],
        theta=json_config["rope_theta"],
        interleaved=False,
        scaling=json_config.get("rope_scaling") or {},
    )


def config_from_gguf(metadata):
    arch = metadata["general.architecture"]
    get = lambda key, default=None: metadata.get(f"{arch}.{key}", default)
    heads = get("attention.head_count")
    return Config(
        layers=get("block_count"),
        heads=heads,
        kv_heads=get("attention.head_count_kv", heads),
        head_dim=get("attention.key_length", get("embedding_length") // heads),
        eps=get("attention.layer_norm_rms_epsilon"),
        theta=get("rope.freq_base", 10000.0),
        interleaved=arch == "llama",
        scaling={},
    )


class Weights:
    """Tensors by Hugging Face name (without ".weight" only for bias), of either format."""

    def __init__(self, model, gguf):
        self.model, self.gguf = model, gguf

    def file_name(self, name):
        if not self.gguf:
            return name
        stem, kind = name.rsplit(".", 1)
        if not stem.startswith("model.layers."):
            return f"{GGUF_NAMES[stem]}.{kind}"
        layer, part = stem.removeprefix("model.layers.").split(".", 1)
        return f"blk.{layer}.{GGUF_NAMES[part]}.{kind}"

    def get(self, name):
        file_name = self.file_name(name)
        return self.model.tensor(file_name) if file_name in self.model.tensors else None


def inverse_frequencies(config):
    half = config.head_dim // 2
    frequencies = config.theta ** (-np.arange(half, dtype=np.float64) / half)
    scaling = config.scaling
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "default":
        return frequencies
    if kind == "linear":
        return frequencies / scaling["factor"]
    assert kind == "llama3", kind
    original = scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = original * frequencies / (2 * math.pi)  # rotations within the original context
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return frequencies * (smooth + (1 - smooth) / scaling["factor"])


class Llama:
    def __init__(self, path, dtype=np.float64):
        path = str(path)
        gguf = path.endswith(".gguf")
        model = GgufFile(path) if gguf else HfModel(path)
        self.config = config_from_gguf(model.metadata) if gguf else config_from_hf(model.config)
        self.dtype = dtype
        weights = Weights(model, gguf)
        cast = lambda name: None if (w := weights.get(name)) is None else w.astype(dtype)
        self.embedding = cast("model.embed_tokens.weight")
        self.final_norm = cast("model.norm.weight")
        self.tied = False if gguf else model.config.get("tie_word_embeddings", False)
        head = None if self.tied else cast("lm_head.weight")
        self.head = self.embedding if head is None else head
        self.layers = [self.load_layer(cast, index) for index in range(self.config.layers)]
        self.frequencies = inverse_frequencies(self.config)

    @staticmethod
    def load_layer(cast, index):
        parts = [part for part in GGUF_NAMES if "." in part and not part.startswith("model.")]
        parts += ["input_layernorm", "post_attention_layernorm"]
        layer = {part: cast(f"model.layers.{index}.{part}.weight") for part in parts}
        for part in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"):
            layer[part + ".bias"] = cast(f"model.layers.{index}.{part}.bias")
        return layer

    def norm(self, x, weight):
        scale = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.dtype(self.config.eps))
        return x * scale * weight

    def rotate(self, x, positions):
        """x: (tokens, heads, head_dim)."""
        angles = positions[:, None] * self.frequencies[None, :]
        cos, sin = (f(angles)[:, None, :].astype(self.dtype) for f in (np.cos, np.sin))
        out = np.empty_like(x)
        half = self.config.head_dim // 2
        if self.config.interleaved:
            first, second = np.s_[..., 0::2], np.s_[..., 1::2]
        else:
            first, second = np.s_[..., :half], np.s_[..., half:]
        out[first] = x[first] * cos - x[second] * sin
        out[second] = x[second] * cos + x[first] * sin
        return out

    def project(self, layer, part, x, heads):
        out = x @ layer[part].T
        if layer[part + ".bias"] is not None:
            out = out + layer[part + ".bias"]
        return out.reshape(len(x), heads, self.config.head_dim)

    def attention(self, layer, x, positions, cache):
        config = self.config
        q = self.project(layer, "self_attn.q_proj", x, config.heads)
        k = self.project(layer, "self_attn.k_proj", x, config.kv_heads)
        v = self.project(layer, "self_attn.v_proj", x, config.kv_heads)
        if layer["self_attn.q_norm"] is not None:
            q = self.norm(q, layer["self_attn.q_norm"])
            k = self.norm(k, layer["self_attn.k_norm"])
        q, k = self.rotate(q, positions), self.rotate(k, positions)
        cache["k"] = k = np.concatenate([cache["k"], k]) if "k" in cache else k
        cache["v"] = v = np.concatenate([cache["v"], v]) if "v" in cache else v
        group = config.heads // config.kv_heads
        k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
        q, k, v = (part.transpose(1, 0, 2) for part in (q, k, v))  # (heads, tokens, head_dim)
        scores = q @ k.transpose(0, 2, 1) / self.dtype(math.sqrt(config.head_dim))
        future = np.arange(k.shape[1])[None, :] > positions[:, None]
        scores = np.where(future[None], -np.inf, scores)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ v).transpose(1, 0, 2).reshape(len(x), -1)
        return mixed @ layer["self_attn.o_proj"].T

    @staticmethod
    def mlp(layer, x):
        gate = x @ layer["mlp.gate_proj"].T
        gate = gate / (1 + np.exp(-gate))
        return (gate * (x @ layer["mlp.up_proj"].T)) @ layer["mlp.down_proj"].T

    def log_probs(self, ids, caches=None):
        """(len(ids), vocab) log-probabilities of the next token; `caches` carries the context."""
        caches = [{} for _ in self.layers] if caches is None else caches
        start = len(caches[0]["k"]) if "k" in caches[0] else 0
        positions = np.arange(start, start + len(ids))
        x = self.embedding[ids]
        for layer, cache in zip(self.layers, caches):
            x = x + self.attention(layer, self.norm(x, layer["input_layernorm"]), positions, cache)
            x = x + self.mlp(layer, self.norm(x, layer["post_attention_layernorm"]))
        logits = self.norm(x, self.final_norm) @ self.head.T
        logits -= logits.max(axis=-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def best(log_probs, count):
    """The `count` most probable (id, log-probability); ties go to the lower id."""
    order = np.argsort(-log_probs, kind="stable")[:count]
    return [[int(i), round(float(log_probs[i]), 6)] for i in order]


def golden(model, ids, greedy_tokens):
    caches = [{} for _ in model.layers]
    rows = model.log_probs(ids, caches)
    positions = []
    for index, row in enumerate(rows):
        following = ids[index + 1] if index + 1 < len(ids) else None
        positions.append(
            {
                "next_logprob": None if following is None else round(float(row[following]), 6),
                "argmax": int(row.argmax()),
                "top5": best(row, 5),
            }
        )
    greedy, row = [], rows[-1]
    for _ in range(greedy_tokens):
        token = int(row.argmax())
        greedy.append([token, round(float(row[token]), 6)])
        row = model.log_probs([token], caches)[0]
    return {"ids": list(ids), "positions": positions, "greedy": greedy}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--ids", required=True, help="comma-separated token ids")
    parser.add_argument("--greedy", type=int, default=24)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float64")
    args = parser.parse_args()
    model = Llama(args.model, np.dtype(args.dtype).type)
    print(json.dumps(golden(model, [int(i) for i in args.ids.split(",")], args.greedy)))


if __name__ == "__main__":
    main()
