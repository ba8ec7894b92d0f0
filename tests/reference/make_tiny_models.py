"""Writes small random-weight models to tiny/: one for each branch of the llama graph.

Sizes are ragged on purpose (no multiple of a SIMD width where the architecture allows it). Weights
are drawn from fixed seeds; the same numpy gives the same bytes.
"""

import json
import pathlib

import numpy as np

from gguf_file import write_gguf
from quants import TENSOR_TYPES
from safetensors_file import to_bf16, write_safetensors

HERE = pathlib.Path(__file__).parent
BASE = {
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 512,
    "num_hidden_layers": 2,
    "vocab_size": 96,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "rope_theta": 10000.0,
}
LLAMA3_SCALING = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
MODELS = {
    # Attention bias, tied embeddings, grouped-query attention.
    "tiny_qwen2": {
        "dtype": "float32",
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": 32,
        "intermediate_size": 56,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
        "use_sliding_window": False,
    },
    # Norms of q and k, a head_dim that is not hidden_size / num_attention_heads.
    "tiny_qwen3": {
        "dtype": "float16",
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_size": 40,
        "intermediate_size": 56,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "tie_word_embeddings": False,
        "rope_theta": 1000000.0,
    },
    # Llama 3's RoPE scaling: with these numbers some frequencies are kept, some blended, some divided.
    "tiny_llama3": {
        "dtype": "bfloat16",
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "tie_word_embeddings": False,
        "rope_theta": 500000.0,
        "rope_scaling": LLAMA3_SCALING,
    },
    # Linear RoPE scaling, as many key heads as query heads, one layer.
    "tiny_linear": {
        "dtype": "float16",
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 24,
        "intermediate_size": 40,
        "num_attention_heads": 3,
        "num_key_value_heads": 3,
        "num_hidden_layers": 1,
        "tie_word_embeddings": False,
        "rope_scaling": {"rope_type": "linear", "factor": 4.0},
    },
}
CASTS = {"float32": lambda x: x, "float16": lambda x: x.astype(np.float16), "bfloat16": to_bf16}


def layer_weights(config, head_dim, draw):
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    queries = config["num_attention_heads"] * head_dim
    keys = config["num_key_value_heads"] * head_dim
    matrices = {
        "self_attn.q_proj": (queries, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
    }
    weights = {f"{name}.weight": draw(shape, 1.2 / shape[1] ** 0.5) for name, shape in matrices.items()}
    norms = {"input_layernorm": hidden, "post_attention_layernorm": hidden}
    if config["model_type"] == "qwen3":
        norms |= {"self_attn.q_norm": head_dim, "self_attn.k_norm": head_dim}
    if config["model_type"] == "qwen2":
        for name, size in (("q", queries), ("k", keys), ("v", keys)):
            weights[f"self_attn.{name}_proj.bias"] = draw((size,), 0.5)
    weights |= {f"{name}.weight": 1 + draw((size,), 0.2) for name, size in norms.items()}
    return weights


def make(name, config, seed):
    config = {**BASE, **config}
    dtype = config.pop("dtype")
    config["torch_dtype"] = dtype
    generator = np.random.default_rng(seed)
    draw = lambda shape, scale: (generator.standard_normal(shape) * scale).astype(np.float32)
    hidden, vocab = config["hidden_size"], config["vocab_size"]
    head_dim = config.get("head_dim", hidden // config["num_attention_heads"])
    weights = {"model.embed_tokens.weight": draw((vocab, hidden), 0.4)}
    for index in range(config["num_hidden_layers"]):
        layer = layer_weights(config, head_dim, draw)
        weights |= {f"model.layers.{index}.{part}": value for part, value in layer.items()}
    weights["model.norm.weight"] = 1 + draw((hidden,), 0.2)
    if not config["tie_word_embeddings"]:
        weights["lm_head.weight"] = draw((vocab, hidden), 2 / hidden**0.5)
    directory = HERE / "tiny" / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    cast = {key: CASTS[dtype](value) for key, value in weights.items()}
    write_safetensors(directory / "model.safetensors", cast)


# GGUF files of one K format each. As in real files, rows that aren't whole blocks (here attn_output
# and ffn_down, 64 wide) fall back to Q5_0, and vectors stay F32.
QUANTISED = {
    "general.architecture": "llama",
    "llama.embedding_length": 256,
    "llama.feed_forward_length": 64,
    "llama.block_count": 2,
    "llama.attention.head_count": 2,
    "llama.attention.head_count_kv": 1,
    "llama.attention.key_length": 32,
    "llama.attention.value_length": 32,
    "llama.context_length": 512,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
}
QUANTISED_VOCAB = 64


def make_quantised(kind, seed):
    generator = np.random.default_rng(seed)
    draw = lambda *shape: generator.standard_normal(shape).astype(np.float32)
    matrix = lambda rows, columns: (
        kind if columns % block_elements(kind) == 0 else "q5_0",
        draw(rows, columns) * np.float32(1.2 / columns**0.5),
    )
    vector = lambda size: ("f32", 1 + np.float32(0.2) * draw(size))
    hidden, inner = 256, 64
    arrays = {"token_embd.weight": matrix(QUANTISED_VOCAB, hidden), "output_norm.weight": vector(hidden)}
    for index in range(QUANTISED["llama.block_count"]):
        arrays |= {
            f"blk.{index}.attn_norm.weight": vector(hidden),
            f"blk.{index}.attn_q.weight": matrix(64, hidden),
            f"blk.{index}.attn_k.weight": matrix(32, hidden),
            f"blk.{index}.attn_v.weight": matrix(32, hidden),
            f"blk.{index}.attn_output.weight": matrix(hidden, 64),
            f"blk.{index}.ffn_norm.weight": vector(hidden),
            f"blk.{index}.ffn_gate.weight": matrix(inner, hidden),
            f"blk.{index}.ffn_up.weight": matrix(inner, hidden),
            f"blk.{index}.ffn_down.weight": matrix(hidden, inner),
        }
    write_gguf(HERE / "tiny" / f"tiny_{kind}.gguf", QUANTISED, arrays)


def block_elements(kind):
    return next(elements for name, elements, _ in TENSOR_TYPES.values() if name == kind)


def main():
    for seed, (name, config) in enumerate(MODELS.items()):
        make(name, config, seed)
    for seed, kind in enumerate(("q4_k", "q5_k", "q6_k")):
        make_quantised(kind, 100 + seed)


if __name__ == "__main__":
    main()
