#include <fmt/format.h>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

constexpr std::pair<std::string_view, std::string_view> kRenamedToolParsers[] = {{"qwen25", "qwen"},
                                                                                 {"glm45", "glm"}};

}  // namespace

Status HandleDeprecatedArgs(ServerArgs& args) {
  for (const auto& [old_name, name] : kRenamedToolParsers) {
    if (!args.Is("tool_call_parser", old_name)) continue;
    args.Warn(fmt::format("The tool_call_parser '{}' is deprecated. Please use '{}' instead.",
                          old_name, name));
    args.Set("tool_call_parser", name, "a deprecated tool parser name stands for the new one");
  }
  return OkStatus();
}

Status HandleMissingDefaultValues(ServerArgs& args) {
  const std::string rule = "the default";
  if (args.IsNull("tokenizer_path"))
    args.Set("tokenizer_path", args.Get("model_path"), "the model's own tokenizer");
  if (args.IsNull("served_model_name"))
    args.Set("served_model_name", args.Get("model_path"), "the model path is the name served");
  if (args.IsNull("device"))
    args.Set("device", args.IsCuda() ? "cuda" : "cpu", "the device that the machine has");
  if (args.IsNull("mm_process_config"))
    args.Set("mm_process_config", nlohmann::json::object(), rule);
  return OkStatus();
}

Status HandleDeviceBackends(ServerArgs& args) {
  const std::string device = args.Text("device");
  if (device == "hpu")
    args.Set("attention_backend", "torch_native", "HPU runs torch_native attention");
  if (device == "cpu" && args.IsNull("attention_backend"))
    args.Set("attention_backend", "intel_amx", "the CPU's attention backend");
  if (device == "hpu" || device == "cpu")
    args.Set("sampling_backend", "pytorch", "only PyTorch samples on this device");
  return OkStatus();
}

}  // namespace redline::backends::sglang
