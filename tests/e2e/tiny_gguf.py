"""The tiny model as a GGUF file whose parts a test may replace by wrong ones."""
import struct

import tiny_model

UINT32, FLOAT32, STRING, ARRAY, UINT64 = 4, 6, 8, 9, 10
ALIGNMENT = 32
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm", "model.embed_tokens": "token_embd",
         "model.norm": "output_norm", "lm_head": "output"}


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(raw)) + raw


def key(name, value_type, encoded):
    return text(name) + struct.pack("<I", value_type) + encoded


def uint32(name, value):
    return key(name, UINT32, struct.pack("<I", value))


def default_keys():
    return [key("general.architecture", STRING, text("llama")),
            uint32("llama.embedding_length", tiny_model.HIDDEN),
            uint32("llama.feed_forward_length", tiny_model.INNER),
            uint32("llama.block_count", tiny_model.LAYERS),
            uint32("llama.attention.head_count", tiny_model.HEADS),
            uint32("llama.attention.head_count_kv", tiny_model.KV_HEADS),
            uint32("llama.context_length", 512),
            key("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5))]


def gguf_name(name):
    for ours, theirs in NAMES.items():
        name = name.replace(ours, theirs)
    return name.replace("model.layers.", "blk.")


def info(name, dims, type_id, offset):
    """A tensor's entry; `dims` innermost first."""
    return (text(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims)
            + struct.pack("<IQ", type_id, offset))


def default_infos():
    """[(name, dims, type id, offset)] and the data they point into."""
    infos, data = [], b""
    for name, (shape, values) in tiny_model.weights().items():
        infos.append((gguf_name(name), tuple(reversed(shape)), 0, len(data)))
        data += values + b"\0" * (-len(values) % ALIGNMENT)
    return infos, data


def build(keys=None, infos=None, data=None, num_keys=None, num_tensors=None, version=3,
          magic=b"GGUF"):
    """The file. Whatever is not given is right."""
    keys = default_keys() if keys is None else keys
    right_infos, right_data = default_infos()
    infos = right_infos if infos is None else infos
    head = magic + struct.pack("<IQQ", version, len(infos) if num_tensors is None else num_tensors,
                               len(keys) if num_keys is None else num_keys)
    head += b"".join(keys) + b"".join(info(*entry) for entry in infos)
    return head + b"\0" * (-len(head) % ALIGNMENT) + (right_data if data is None else data)
