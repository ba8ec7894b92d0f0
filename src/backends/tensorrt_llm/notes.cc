#include <fmt/format.h>

#include <string>

#include "backends/tensorrt_llm/steps.h"

namespace redline::backends::tensorrt_llm {
namespace {

using nlohmann::json;

bool HasExperts(const json& config) {
  for (const char* key : {"n_routed_experts", "num_experts", "num_local_experts"}) {
    if (config.contains(key) && config[key].is_number_integer() && config[key] > 1) return true;
  }
  return false;
}

void NoteWithoutEffect(const ResolveRequest& request, const ParsedArguments& parsed,
                       std::vector<std::string>& notes) {
  if (parsed.given.contains("moe_cluster_parallel_size"))
    notes.emplace_back("--cluster_size changes nothing: trtllm-serve reads it and drops it.");
  if (parsed.given.contains("moe_expert_parallel_size") && request.model_config.is_object() &&
      !HasExperts(request.model_config))
    notes.emplace_back("--ep_size changes nothing: the model has no experts.");
  if (parsed.given.contains("tool_parser"))
    notes.emplace_back("--tool_parser changes nothing for requests without tools.");
}

void NoteUnchecked(const ParsedArguments& parsed, std::vector<std::string>& notes) {
  for (const char* dest : {"reasoning_parser", "tool_parser", "server_role"}) {
    if (parsed.given.contains(dest))
      notes.push_back(fmt::format("--{}: which values the engine has is not known here.", dest));
  }
}

// What only a file sets, and no file is given.
void NoteDefaults(const ResolveRequest& request, EngineResolution& resolution) {
  resolution.costs.emplace_back(
      "cuda_graph_config.enable_padding is false: only batches of 1 to 31, 32, 64 and 128 replay a "
      "CUDA graph, others run without; switch it on in the file of --config.");
  if (request.model_config.is_object() && request.model_config.contains("index_topk"))
    resolution.warnings.emplace_back(
        "The indexer of the model's sparse attention works on blocks of 64 tokens: the engine's "
        "documentation asks for kv_cache_config.tokens_per_block 64 in the file of --config.");
  resolution.warnings.emplace_back(
      "return_perf_metrics is false: there is no /prometheus/metrics; enable_iter_perf_stats is "
      "false: /metrics stays empty. The file of --config switches them on.");
}

}  // namespace

void AppendNotes(const ResolveRequest& request, const ParsedArguments& parsed,
                 EngineResolution& resolution) {
  NoteWithoutEffect(request, parsed, resolution.warnings);
  NoteUnchecked(parsed, resolution.warnings);
  if (HasFile(parsed.values)) {
    resolution.warnings.emplace_back(
        "--config (--extra_llm_api_options): the file is read by the engine alone and goes before "
        "every option; what it says is not in this result.");
  } else if (resolution.resolved.at("backend") == "pytorch") {
    NoteDefaults(request, resolution);
  }
  resolution.warnings.insert(resolution.warnings.end(), resolution.costs.begin(),
                             resolution.costs.end());
}

}  // namespace redline::backends::tensorrt_llm
