// Loading, disaggregated prefill and decode, tokenizers, metrics.
#include <fmt/format.h>

#include <algorithm>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

// utils/common.py: is_remote_url.
bool IsRemoteUrl(const std::string& path) {
  const size_t at = path.find("://");
  return at != std::string::npos && at > 0;
}

Status CheckDecodeServer(ServerArgs& args) {
  for (const std::string_view field : {"disaggregation_decode_tp", "disaggregation_decode_dp"}) {
    if (!args.IsNull(field))
      return InvalidArgument(fmt::format("{} is for the prefill server; leave it out", field),
                             std::string(field));
  }
  args.Set("disable_radix_cache", true, "a decode server keeps no prefixes");
  args.Warn("KV cache is forced as chunk cache for decode server");
  const bool balanced = args.Flag("prefill_round_robin_balance");
  if (args.Int("dp_size") <= 1 || balanced || args.LooseEnvFlag("SGLANG_IS_IN_CI"))
    return OkStatus();
  return InvalidArgument(
      fmt::format("a decode server with --dp-size {} needs --prefill-round-robin-balance, and its "
                  "prefill server --load-balance-method round_robin",
                  args.Int("dp_size")),
      "prefill_round_robin_balance");
}

Status CheckPrefillServer(ServerArgs& args) {
  const std::string rule = "unless said otherwise the decode server is as wide as this one";
  if (args.IsNull("disaggregation_decode_tp"))
    args.Set("disaggregation_decode_tp", args.Get("tp_size"), rule);
  if (args.IsNull("disaggregation_decode_dp"))
    args.Set("disaggregation_decode_dp", args.Get("dp_size"), rule);
  args.Set("disaggregation_prefill_pp", args.Get("pp_size"), "the prefill server is this one");
  const int64_t smaller = std::min(args.Int("tp_size"), args.Int("disaggregation_decode_tp"));
  const int64_t larger = std::max(args.Int("tp_size"), args.Int("disaggregation_decode_tp"));
  if (smaller == 0 || larger % smaller != 0)
    return InvalidArgument(fmt::format("of --tp-size {} and --disaggregation-decode-tp {} one must "
                                       "be a multiple of the other",
                                       args.Int("tp_size"), args.Int("disaggregation_decode_tp")),
                           "disaggregation_decode_tp");
  if (args.Flag("enable_piecewise_cuda_graph")) return OkStatus();
  args.Set("disable_cuda_graph", true, "prefill is captured piecewise or not at all");
  args.Warn("Cuda graph is disabled for prefill server when piecewise cuda graph is not enabled.");
  return OkStatus();
}

}  // namespace

Status HandleLoadFormat(ServerArgs& args) {
  const std::string path = args.Text("model_path");
  if (args.IsOneOf("load_format", {"auto", "gguf"}) && path.ends_with(".gguf")) {
    args.Set("quantization", "gguf", "the model is a GGUF file");
    args.Set("load_format", "gguf", "the model is a GGUF file");
  }
  if (IsRemoteUrl(path)) args.Set("load_format", "remote", "the model is a URL");
  if (args.IsNull("custom_weight_loader"))
    args.Set("custom_weight_loader", nlohmann::json::array(), "the default");
  const bool has_seed = !args.IsNull("remote_instance_weight_loader_seed_instance_ip") &&
                        !args.IsNull("remote_instance_weight_loader_seed_instance_service_port") &&
                        !args.IsNull("remote_instance_weight_loader_send_weights_group_ports");
  if (args.Is("load_format", "remote_instance") && !has_seed)
    args.Set("load_format", "auto", "no other instance to load from is named");
  return OkStatus();
}

Status HandleDisaggregation(ServerArgs& args) {
  if (args.Is("disaggregation_mode", "decode")) return CheckDecodeServer(args);
  if (args.Is("disaggregation_mode", "prefill")) return CheckPrefillServer(args);
  return OkStatus();
}

Status HandleTokenizerBatching(ServerArgs& args) {
  constexpr std::string_view kBatching[] = {"enable_tokenizer_batch_encode",
                                            "enable_dynamic_batch_tokenizer"};
  if (args.Flag(kBatching[0]) && args.Flag(kBatching[1]))
    return InvalidArgument(
        "--enable-tokenizer-batch-encode and --enable-dynamic-batch-tokenizer exclude each other; "
        "use one",
        std::string(kBatching[0]));
  if (!args.Flag("skip_tokenizer_init")) return OkStatus();
  const std::string rule = "--skip-tokenizer-init leaves no tokenizer";
  if (args.Int("tokenizer_worker_num") != 1) {
    args.Warn(
        fmt::format("skip_tokenizer_init=True disables tokenizer workers; forcing "
                    "tokenizer_worker_num=1 (requested {}).",
                    args.Int("tokenizer_worker_num")));
    args.Set("tokenizer_worker_num", 1, rule);
  }
  for (const std::string_view field : kBatching) {
    if (!args.Flag(field)) continue;
    std::string flag = "--" + std::string(field);
    std::replace(flag.begin(), flag.end(), '_', '-');
    args.Warn(fmt::format("skip_tokenizer_init=True ignores {}; disabling it.", flag));
    args.Set(field, false, rule);
  }
  return OkStatus();
}

Status HandleMetricsLabels(ServerArgs& args) {
  const auto& labels = args.Get("tokenizer_metrics_allowed_custom_labels");
  if (labels.empty() || !args.Text("tokenizer_metrics_custom_labels_header").empty())
    return OkStatus();
  return InvalidArgument(
      "--tokenizer-metrics-allowed-custom-labels needs --tokenizer-metrics-custom-labels-header",
      "tokenizer_metrics_custom_labels_header");
}

Status HandleRequestMetricsExporters(ServerArgs& args) {
  if (!args.Flag("export_metrics_to_file") || !args.IsNull("export_metrics_to_file_dir"))
    return OkStatus();
  return InvalidArgument("--export-metrics-to-file needs --export-metrics-to-file-dir",
                         "export_metrics_to_file_dir");
}

Status HandleOtherValidations(ServerArgs& args) {
  if (args.IsNull("debug_tensor_dump_output_folder")) return OkStatus();
  args.Warn("Cuda graph and server warmup are disabled because of using tensor dump mode");
  args.Set("disable_cuda_graph", true, "tensors are dumped");
  args.Set("skip_server_warmup", true, "tensors are dumped");
  return OkStatus();
}

}  // namespace redline::backends::sglang
