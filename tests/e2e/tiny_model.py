"""A random-weight model with a byte-level tokenizer and a chat template, written in a moment.

What a test of requests, templates or model files needs is a model that answers at once, whatever
it says: two layers, 260 tokens (the bytes, and four special ones). Weights come from a fixed seed.
"""
import array
import functools
import json
import math
import pathlib
import random
import struct

SPECIAL_TOKENS = ["<|bos|>", "<|eos|>", "<|im_start|>", "<|im_end|>"]
VOCAB_SIZE = 256 + len(SPECIAL_TOKENS)
EOS_ID = 257
CHATML = ("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
          "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
HIDDEN, INNER, HEADS, KV_HEADS, LAYERS = 64, 96, 4, 2, 2
# For tests that need an answer to take its time: 64 rows are a step of some 20 ms.
SLOWER = {"hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 8}


def config(**changes):
    return {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
            "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0, "max_position_embeddings": 4096, "vocab_size": VOCAB_SIZE,
            "bos_token_id": 256, "eos_token_id": EOS_ID, "tie_word_embeddings": False,
            "torch_dtype": "float32", **changes}


def tensor_shapes(of):
    """{"model.norm.weight": (64,), ...}"""
    hidden, inner = of["hidden_size"], of["intermediate_size"]
    kv = hidden // of["num_attention_heads"] * of["num_key_value_heads"]
    matrices = {"self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (kv, hidden),
                "self_attn.v_proj": (kv, hidden), "self_attn.o_proj": (hidden, hidden),
                "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden),
                "mlp.down_proj": (hidden, inner), "input_layernorm": (hidden,),
                "post_attention_layernorm": (hidden,)}
    shapes = {"model.embed_tokens.weight": (VOCAB_SIZE, hidden), "model.norm.weight": (hidden,),
              "lm_head.weight": (VOCAB_SIZE, hidden)}
    for layer in range(of["num_hidden_layers"]):
        for name, shape in matrices.items():
            shapes[f"model.layers.{layer}.{name}.weight"] = shape
    return shapes


@functools.cache
def random_numbers():
    """Enough to repeat: their number is prime, so no two rows of a matrix are alike."""
    draw = random.Random(1)
    return [draw.gauss(0, 1) for _ in range(20_011)]


@functools.cache
def pool(mean, scale):
    return array.array("f", (mean + scale * number for number in random_numbers())).tobytes()


def weights(**config_changes):
    """{name: (shape, float32 bytes)}: norms near 1, matrices near 0; always the same."""
    made, position = {}, 0
    for name, shape in tensor_shapes(config(**config_changes)).items():
        size = 4 * math.prod(shape)
        scale = 0.4 if name == "lm_head.weight" else 1.2 / shape[-1] ** 0.5
        numbers = pool(1 if len(shape) == 1 else 0, scale)
        begin = position % len(numbers)
        made[name] = (shape, (numbers * (size // len(numbers) + 2))[begin:begin + size])
        position += size
    return made


def safetensors(tensors):
    """The bytes of a safetensors file of float32 tensors."""
    header, offset = {}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data for _, data in tensors.values())


def byte_alphabet():
    """GPT-2's characters for the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in plain)
    alphabet = {byte: chr(byte) for byte in plain}
    return alphabet | {byte: chr(256 + index) for index, byte in enumerate(others)}


def tokenizer():
    """tokenizer.json: a token per byte."""
    added = [{"id": 256 + index, "content": content, "special": True, "single_word": False,
              "lstrip": False, "rstrip": False, "normalized": False}
             for index, content in enumerate(SPECIAL_TOKENS)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                  "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None,
            "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "merges": [],
                      "vocab": {char: byte for byte, char in sorted(byte_alphabet().items())}}}


def write(folder, chat_template=CHATML, tensors=None, **config_changes):
    """Writes the model as a Hugging Face folder; returns the folder."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(**config_changes)))
    (folder / "model.safetensors").write_bytes(safetensors(tensors or weights(**config_changes)))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"bos_token": "<|bos|>", "eos_token": "<|eos|>", "chat_template": chat_template,
         "add_bos_token": False}))
    return folder
