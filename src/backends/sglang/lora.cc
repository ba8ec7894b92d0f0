// LoRA adapters. server_args.py: check_lora_server_args, LoRAPathAction.
#include <fmt/format.h>

#include "backends/sglang/steps.h"
#include "base/strings.h"

namespace redline::backends::sglang {
namespace {

using nlohmann::json;

bool IsObjectText(std::string_view text) { return text.starts_with('{') && text.ends_with('}'); }

bool NamesAdapter(const json& object) {
  return object.is_object() && object.contains("lora_name") && object.contains("lora_path");
}

// "NAME=PATH", "PATH" or {"lora_name": ..., "lora_path": ..., "pinned": ...}.
json AdapterOf(const std::string& given) {
  const std::string text(Trim(given));
  if (IsObjectText(text)) {
    const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
    return {{"lora_name", object.value("lora_name", json())},
            {"lora_path", object.value("lora_path", json())},
            {"pinned", object.value("pinned", json(false))}};
  }
  const size_t equals = text.find('=');
  const bool is_named = equals != std::string::npos;
  return {{"lora_name", is_named ? text.substr(0, equals) : text},
          {"lora_path", is_named ? text.substr(equals + 1) : text},
          {"pinned", false}};
}

void ReadPaths(ServerArgs& args) {
  json adapters = json::array();
  for (const json& path : args.Get("lora_paths")) {
    adapters.push_back(path.is_string() ? AdapterOf(path.get<std::string>()) : path);
  }
  args.Set("lora_paths", std::move(adapters), "names and paths are told apart");
}

Status ExpandTargetModules(ServerArgs& args) {
  constexpr std::string_view kField = "lora_target_modules";
  bool has_all = false;
  for (const json& module : args.Get(kField)) has_all = has_all || module == "all";
  if (!has_all) return OkStatus();
  for (const json& module : args.Get(kField)) {
    if (module != "all")
      return InvalidArgument("--lora-target-modules all stands alone", std::string(kField));
  }
  json modules = {"q_proj",  "k_proj",    "v_proj",   "o_proj",      "gate_proj",
                  "up_proj", "down_proj", "qkv_proj", "gate_up_proj"};
  if (args.Is("lora_backend", "csgmv")) {
    args.Warn(
        "LoRA backend 'csgmv' does not yet support embedding or lm_head layers; dropping "
        "'embed_tokens' and 'lm_head' from --lora-target-modules=all. To apply LoRA to these, use "
        "--lora-backend triton.");
  } else {
    modules.insert(modules.end(), {"embed_tokens", "lm_head"});
  }
  args.Set(kField, std::move(modules), "all stands for every module");
  return OkStatus();
}

Status CheckLimits(const ServerArgs& args) {
  const auto num_paths = static_cast<int64_t>(args.Get("lora_paths").size());
  const bool is_shaped = args.Int("max_lora_rank") != 0 && !args.Get("lora_target_modules").empty();
  if (num_paths == 0 && !is_shaped)
    return InvalidArgument(
        "--enable-lora needs --lora-paths, or --max-lora-rank and --lora-target-modules",
        "lora_paths");
  if (!args.IsNull("max_loaded_loras")) {
    const int64_t most = args.Int("max_loaded_loras");
    if (most < args.Int("max_loras_per_batch") || num_paths > most)
      return InvalidArgument(fmt::format("--max-loaded-loras {} must be at least "
                                         "--max-loras-per-batch {} and the number of --lora-paths "
                                         "{}",
                                         most, args.Int("max_loras_per_batch"), num_paths),
                             "max_loaded_loras");
  }
  return OkStatus();
}

}  // namespace

Status CheckLoraPaths(const ServerArgs& args) {
  for (const json& path : args.Get("lora_paths")) {
    const std::string text(Trim(path.get_ref<const std::string&>()));
    if (IsObjectText(text) && !NamesAdapter(json::parse(text, nullptr, /*allow_exceptions=*/false)))
      return InvalidArgument(fmt::format("argument --lora-paths: {} needs the keys lora_name and "
                                         "lora_path",
                                         Excerpt(text)),
                             "--lora-paths");
  }
  return OkStatus();
}

Status CheckLoraServerArgs(ServerArgs& args) {
  if (args.Int("max_loras_per_batch") <= 0)
    return InvalidArgument("--max-loras-per-batch must be 1 or more", "max_loras_per_batch");
  if (!args.Get("lora_paths").empty()) {
    if (args.IsNull("enable_lora")) {
      args.Set("enable_lora", true, "--lora-paths asks for it");
      args.Warn("--enable-lora is set to True because --lora-paths is provided.");
    } else if (!args.Flag("enable_lora")) {
      args.Warn("--enable-lora is set to False, any provided lora_paths will be ignored.");
    }
  }
  if (!args.Flag("enable_lora")) return OkStatus();
  if (!args.IsNull("speculative_algorithm") && !args.Is("speculative_algorithm", "NGRAM"))
    return InvalidArgument("LoRA works with --speculative-algorithm NGRAM only",
                           "speculative_algorithm");
  ReadPaths(args);
  RL_RETURN_IF_ERROR(ExpandTargetModules(args));
  return CheckLimits(args);
}

}  // namespace redline::backends::sglang
