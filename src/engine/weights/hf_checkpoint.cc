#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>

#include "base/files.h"
#include "base/strings.h"
#include "engine/weights/hf_config.h"
#include "engine/weights/json_file.h"
#include "engine/weights/safetensors_reader.h"
#include "engine/weights/tensor_set.h"

namespace redline::engine {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kMaxConfigBytes = 16 << 20;
constexpr uint64_t kMaxIndexBytes = 64 << 20;
constexpr size_t kMaxShards = 1024;

using Shards = std::vector<std::unique_ptr<SafetensorsFile>>;

class HfCheckpoint : public Checkpoint {
 public:
  HfCheckpoint(fs::path directory, ModelConfig config, HfTemplates templates, Shards shards,
               TensorSet tensors)
      : directory_(std::move(directory)),
        config_(std::move(config)),
        templates_(std::move(templates)),
        shards_(std::move(shards)),
        tensors_(std::move(tensors)) {}

  const ModelConfig& config() const override { return config_; }
  const TensorView* Find(std::string_view name) const override { return tensors_.Find(name); }
  std::vector<const TensorView*> AllTensors() const override { return tensors_.All(); }
  Result<std::unique_ptr<text::Tokenizer>> MakeTokenizer() const override {
    const fs::path file = directory_ / "tokenizer.json";
    std::error_code error;
    if (!fs::exists(file, error)) return std::unique_ptr<text::Tokenizer>();
    return text::LoadHfTokenizer(file);
  }
  const std::string& chat_template() const override { return templates_.chat_template; }
  const std::string& bos_token() const override { return templates_.bos_token; }
  const std::string& eos_token() const override { return templates_.eos_token; }
  int64_t WeightBytes() const override { return tensors_.num_bytes(); }
  Status CheckIntact() const override {
    for (const auto& shard : shards_) RL_RETURN_IF_ERROR(shard->file().CheckIntact());
    return OkStatus();
  }
  void ReleaseMemory() const override {
    for (const auto& shard : shards_) shard->file().ReleaseMemory();
  }

 private:
  fs::path directory_;
  ModelConfig config_;
  HfTemplates templates_;
  Shards shards_;
  TensorSet tensors_;
};

// The file's text, or "" when there is none.
Result<std::string> ReadOptional(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::string();
  return ReadFile(file, kMaxConfigBytes);
}

// A shard's name must not lead out of the model's directory.
bool IsPlainFileName(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

using WeightMap = std::vector<std::pair<std::string, std::string>>;  // tensor, shard

Result<WeightMap> ReadIndex(const fs::path& file) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxIndexBytes));
  RL_ASSIGN_OR_RETURN(const nlohmann::json json, ParseFileJson(text, file.string()));
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    return DataLoss(file.string() + ": weight_map is missing");
  WeightMap map;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string() || !IsPlainFileName(shard.get_ref<const std::string&>()))
      return DataLoss(file.string() + ": the entry of \"" + Excerpt(tensor) +
                      "\" is not the name of a file");
    map.emplace_back(tensor, shard.get<std::string>());
  }
  return map;
}

Result<Shards> OpenShards(const fs::path& directory, const std::set<std::string>& names) {
  if (names.empty()) return DataLoss(directory.string() + ": the index names no file");
  if (names.size() > kMaxShards)
    return DataLoss(directory.string() + ": the index names more than 1024 files");
  Shards shards;
  for (const std::string& name : names) {
    RL_ASSIGN_OR_RETURN(auto file, MappedFile::Open(directory / name));
    RL_ASSIGN_OR_RETURN(auto shard, SafetensorsFile::Open(std::move(file)));
    shards.push_back(std::move(shard));
  }
  return shards;
}

// Every tensor of the index must be in the shard the index names. `shards` are in the order of
// `names`.
Status CheckIndex(const WeightMap& map, const std::set<std::string>& names, const Shards& shards) {
  std::set<std::pair<std::string_view, std::string_view>> present;
  auto name = names.begin();
  for (const auto& shard : shards) {
    for (const TensorView& view : shard->tensors()) present.emplace(view.name, *name);
    ++name;
  }
  for (const auto& [tensor, shard] : map) {
    if (!present.contains({tensor, shard}))
      return DataLoss("tensor \"" + Excerpt(tensor) + "\" is not in " + shard +
                      " as the index says; a file is stale or damaged");
  }
  return OkStatus();
}

Result<Shards> OpenWeights(const fs::path& directory) {
  const fs::path index = directory / "model.safetensors.index.json";
  std::error_code error;
  if (fs::exists(directory / "model.safetensors", error) || !fs::exists(index, error))
    return OpenShards(directory, {"model.safetensors"});
  RL_ASSIGN_OR_RETURN(const WeightMap map, ReadIndex(index));
  std::set<std::string> names;
  for (const auto& [tensor, shard] : map) names.insert(shard);
  RL_ASSIGN_OR_RETURN(Shards shards, OpenShards(directory, names));
  RL_RETURN_IF_ERROR(CheckIndex(map, names, shards));
  return shards;
}

Result<std::vector<TensorView>> AllTensors(const Shards& shards) {
  std::vector<TensorView> all;
  std::unordered_set<std::string_view> names;
  for (const auto& shard : shards) {
    for (const TensorView& view : shard->tensors()) {
      if (!names.insert(view.name).second)
        return DataLoss("tensor \"" + Excerpt(view.name) + "\" is in two files");
      all.push_back(view);
    }
  }
  return all;
}

const TensorView* FindIn(const std::vector<TensorView>& tensors, std::string_view name) {
  for (const TensorView& view : tensors) {
    if (view.name == name) return &view;
  }
  return nullptr;
}

// A tied model may carry a copy of its embedding as the output layer. A copy that differs would
// mean two readings of the same file.
Status DropTiedCopy(const ModelConfig& config, std::vector<TensorView>& tensors) {
  const TensorView* head = FindIn(tensors, "lm_head.weight");
  const TensorView* embedding = FindIn(tensors, "model.embed_tokens.weight");
  if (!config.tie_word_embeddings || head == nullptr || embedding == nullptr) return OkStatus();
  const bool same =
      head->num_bytes == embedding->num_bytes && head->dtype == embedding->dtype &&
      std::memcmp(head->data, embedding->data, static_cast<size_t>(head->num_bytes)) == 0;
  if (!same)
    return DataLoss(
        "tie_word_embeddings is true, yet lm_head.weight differs from model.embed_tokens.weight");
  std::erase_if(tensors, [](const TensorView& view) { return view.name == "lm_head.weight"; });
  return OkStatus();
}

Result<TensorSet> SelectWeights(const ModelConfig& config, const Shards& shards) {
  RL_ASSIGN_OR_RETURN(std::vector<TensorView> tensors, AllTensors(shards));
  RL_RETURN_IF_ERROR(DropTiedCopy(config, tensors));
  return TensorSet::Make(config, NameStyle::kHuggingFace, tensors);
}

Result<HfTemplates> ReadTemplates(const fs::path& directory) {
  HfTemplates templates;
  RL_ASSIGN_OR_RETURN(const std::string json, ReadOptional(directory / "tokenizer_config.json"));
  if (!json.empty()) {
    RL_ASSIGN_OR_RETURN(templates, TemplatesFromHf(json));
  }
  RL_ASSIGN_OR_RETURN(std::string jinja, ReadOptional(directory / "chat_template.jinja"));
  if (!jinja.empty()) templates.chat_template = std::move(jinja);
  return templates;
}

}  // namespace

Result<std::unique_ptr<Checkpoint>> OpenHfCheckpoint(const fs::path& directory) {
  RL_ASSIGN_OR_RETURN(const std::string config_json,
                      ReadFile(directory / "config.json", kMaxConfigBytes));
  RL_ASSIGN_OR_RETURN(const std::string generation_json,
                      ReadOptional(directory / "generation_config.json"));
  auto config = ConfigFromHf(config_json, generation_json);
  if (!config.ok()) return config.status().WithContext(directory.string());
  RL_ASSIGN_OR_RETURN(HfTemplates templates, ReadTemplates(directory));
  RL_ASSIGN_OR_RETURN(Shards shards, OpenWeights(directory));
  auto tensors = SelectWeights(*config, shards);
  if (!tensors.ok()) return tensors.status().WithContext(directory.string());
  std::unique_ptr<Checkpoint> checkpoint =
      std::make_unique<HfCheckpoint>(directory, std::move(config).value(), std::move(templates),
                                     std::move(shards), std::move(tensors).value());
  RL_RETURN_IF_ERROR(checkpoint->CheckIntact());
  return checkpoint;
}

}  // namespace redline::engine
