// Builds GGUF files, sound or damaged, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/weights/gguf_types.h"

namespace redline::engine {

class GgufBuilder {
 public:
  GgufBuilder& Int(const std::string& key, uint32_t value) {
    return Key(key, GgufType::kUint32, Bytes(value));
  }
  GgufBuilder& Float(const std::string& key, float value) {
    return Key(key, GgufType::kFloat32, Bytes(value));
  }
  GgufBuilder& Bool(const std::string& key, bool value) {
    return Key(key, GgufType::kBool, Bytes(static_cast<uint8_t>(value)));
  }
  GgufBuilder& String(const std::string& key, const std::string& value) {
    return Key(key, GgufType::kString, Text(value));
  }
  GgufBuilder& Strings(const std::string& key, const std::vector<std::string>& values) {
    std::string encoded = Bytes(GgufType::kString) + Bytes(uint64_t{values.size()});
    for (const std::string& value : values) encoded += Text(value);
    return Key(key, GgufType::kArray, encoded);
  }
  template <typename T>
  GgufBuilder& Numbers(const std::string& key, GgufType type, const std::vector<T>& values) {
    std::string encoded = Bytes(type) + Bytes(uint64_t{values.size()});
    for (const T value : values) encoded += Bytes(value);
    return Key(key, GgufType::kArray, encoded);
  }
  // A key whose encoded value is given as it is.
  GgufBuilder& Key(const std::string& key, GgufType type, const std::string& encoded) {
    keys_ += Text(key) + Bytes(type) + encoded;
    ++num_keys_;
    return *this;
  }

  // `dims` innermost first, as in the file. The data is appended, padded to 32 bytes.
  GgufBuilder& Tensor(const std::string& name, const std::vector<uint64_t>& dims, uint32_t type_id,
                      const std::string& data) {
    Info(name, dims, type_id, data_.size());
    data_ += data;
    data_.resize((data_.size() + 31) / 32 * 32, '\0');
    return *this;
  }
  GgufBuilder& F32(const std::string& name, const std::vector<uint64_t>& dims, float value = 0.5f) {
    uint64_t count = 1;
    for (const uint64_t dim : dims) count *= dim;
    std::string data;
    for (uint64_t i = 0; i < count; ++i) data += Bytes(value);
    return Tensor(name, dims, 0, data);
  }
  // Only the tensor's entry.
  GgufBuilder& Info(const std::string& name, const std::vector<uint64_t>& dims, uint32_t type_id,
                    uint64_t offset) {
    infos_ += Text(name) + Bytes(static_cast<uint32_t>(dims.size()));
    for (const uint64_t dim : dims) infos_ += Bytes(dim);
    infos_ += Bytes(type_id) + Bytes(offset);
    ++num_tensors_;
    return *this;
  }
  GgufBuilder& Data(size_t num_bytes) {
    data_.append(num_bytes, '\0');
    return *this;
  }
  GgufBuilder& Version(uint32_t version) {
    version_ = version;
    return *this;
  }
  GgufBuilder& ClaimKeys(uint64_t count) {
    num_keys_ = count;
    return *this;
  }
  GgufBuilder& ClaimTensors(uint64_t count) {
    num_tensors_ = count;
    return *this;
  }

  std::string Build() const {
    std::string file =
        "GGUF" + Bytes(version_) + Bytes(num_tensors_) + Bytes(num_keys_) + keys_ + infos_;
    file.resize((file.size() + 31) / 32 * 32, '\0');
    return file + data_;
  }

  template <typename T>
  static std::string Bytes(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  static std::string Text(const std::string& text) { return Bytes(uint64_t{text.size()}) + text; }

 private:
  uint32_t version_ = 3;
  uint64_t num_keys_ = 0;
  uint64_t num_tensors_ = 0;
  std::string keys_;
  std::string infos_;
  std::string data_;
};

// A complete one-layer llama, qwen2 or qwen3 model (hidden 4, two heads, vocabulary of 3), to which
// tests add what they want refused.
inline GgufBuilder TinyGguf(const std::string& arch = "llama") {
  GgufBuilder gguf;
  gguf.String("general.architecture", arch)
      .Int(arch + ".embedding_length", 4)
      .Int(arch + ".feed_forward_length", 6)
      .Int(arch + ".block_count", 1)
      .Int(arch + ".attention.head_count", 2)
      .Int(arch + ".attention.head_count_kv", 1)
      .Int(arch + ".context_length", 16)
      .Float(arch + ".attention.layer_norm_rms_epsilon", 1e-5f)
      .F32("token_embd.weight", {4, 3})
      .F32("output_norm.weight", {4})
      .F32("blk.0.attn_norm.weight", {4})
      .F32("blk.0.attn_q.weight", {4, 4})
      .F32("blk.0.attn_k.weight", {4, 2})
      .F32("blk.0.attn_v.weight", {4, 2})
      .F32("blk.0.attn_output.weight", {4, 4})
      .F32("blk.0.ffn_norm.weight", {4})
      .F32("blk.0.ffn_gate.weight", {4, 6})
      .F32("blk.0.ffn_up.weight", {4, 6})
      .F32("blk.0.ffn_down.weight", {6, 4});
  if (arch == "qwen2")
    gguf.F32("blk.0.attn_q.bias", {4}).F32("blk.0.attn_k.bias", {2}).F32("blk.0.attn_v.bias", {2});
  if (arch == "qwen3")
    gguf.F32("blk.0.attn_q_norm.weight", {2}).F32("blk.0.attn_k_norm.weight", {2});
  return gguf;
}

}  // namespace redline::engine
