// SGLang's configuration on its way through the steps of ServerArgs: what was asked, what it is by
// now, and which step made it so. One thread, one resolution.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backends/arguments/argument_parser.h"
#include "backends/resolution.h"
#include "backends/sglang/model_facts.h"
#include "base/status.h"

namespace redline::backends::sglang {

class ServerArgs {
 public:
  // `request` must outlive this.
  ServerArgs(const ResolveRequest& request, const ParsedArguments& parsed);

  // Reading. Fields are named as in the engine ("tp_size"); an unknown one aborts.
  const nlohmann::json& Get(std::string_view field) const;
  bool IsNull(std::string_view field) const { return Get(field).is_null(); }
  bool Flag(std::string_view field) const;         // false when null
  int64_t Int(std::string_view field) const;       // 0 when null; within +-2^62
  double Number(std::string_view field) const;     // 0 when null
  std::string Text(std::string_view field) const;  // "" when null
  bool Is(std::string_view field, std::string_view text) const { return Text(field) == text; }
  bool IsOneOf(std::string_view field, std::initializer_list<std::string_view> texts) const;
  // Whether any of the fields has this text.
  bool AnyIs(std::initializer_list<std::string_view> fields, std::string_view text) const;
  bool AllNull(std::initializer_list<std::string_view> fields) const;
  // Whether no attention backend is asked for, for neither prefill nor decode.
  bool NamesNoAttention() const {
    return AllNull({"attention_backend", "prefill_attention_backend", "decode_attention_backend"});
  }
  bool WasGiven(std::string_view field) const;

  // Writing. `rule` says why in words; the source is the current step.
  void Set(std::string_view field, nlohmann::json value, std::string rule);
  // What the engine logs.
  void Warn(std::string text) { warnings_.push_back(std::move(text)); }
  // The step that runs from now on: "_handle_page_size".
  void Enter(std::string_view step) { step_ = step; }

  // The machine, as the engine's probes answer (a CUDA of 12.8 or newer, FlashInfer installed, no
  // triton_kernels package).
  const spec::HardwareProfile& hardware() const { return request_.hardware; }
  bool IsCuda() const { return hardware().compute_capability > 0; }
  int CudaMajor() const { return hardware().compute_capability / 10; }
  bool IsHopper() const { return CudaMajor() == 9; }
  bool IsSm100() const { return CudaMajor() == 10; }
  bool IsBlackwell() const { return CudaMajor() == 10 || CudaMajor() == 12; }
  bool HasFlashInfer() const;

  // environ.py: EnvBool and utils/common.py: get_bool_env_var.
  bool EnvFlag(const std::string& name) const;
  bool LooseEnvFlag(const std::string& name, bool fallback = false) const;

  // The model's config.json with --json-model-override-args applied. kInvalidArgument when it has
  // no architecture.
  Result<HfConfig> ReadHfConfig() const;
  // configs/model_config.py: ModelConfig, made once, with the quantization asked for by then.
  Status EnsureModel();
  const ModelFacts& model() const { return *model_; }

  nlohmann::json Resolved() const { return values_; }
  std::vector<Rewrite> Rewritten() const;
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Change {
    std::string rule;
    std::string source;
  };

  const ResolveRequest& request_;
  nlohmann::json asked_;
  nlohmann::json values_;
  std::set<std::string> given_;
  std::map<std::string, Change> changes_;  // the last one of each field
  std::vector<std::string> warnings_;
  std::string step_;
  std::optional<ModelFacts> model_;
};

}  // namespace redline::backends::sglang
