// What the engine does not say, in our words: asked-for flags that change nothing, or cost speed
// without a warning.
#include <fmt/format.h>

#include <algorithm>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

void NoteDpAttention(const ServerArgs& args, std::vector<std::string>& notes) {
  if (args.WasGiven("enable_dp_attention") && !args.Flag("enable_dp_attention"))
    notes.emplace_back(
        "--enable-dp-attention without --dp-size switches nothing on; it only takes memory from "
        "the KV cache (mem_fraction_static).");
}

// nsa_backend.py: forward_decode.
void NoteRequantizedPool(const ServerArgs& args, std::vector<std::string>& notes) {
  const bool is_sparse = args.Is("attention_backend", "nsa");
  if (is_sparse && args.Is("kv_cache_dtype", "bfloat16") &&
      args.Is("nsa_decode_backend", "flashmla_kv"))
    notes.emplace_back(
        "nsa_decode_backend flashmla_kv with a bfloat16 KV cache quantizes the whole KV pool again "
        "in every layer of every step; use fa3, or --kv-cache-dtype fp8_e4m3.");
}

void NoteReplacedKernels(const ServerArgs& args, std::vector<std::string>& notes) {
  const bool asked = args.WasGiven("nsa_prefill_backend") || args.WasGiven("nsa_decode_backend");
  if (asked && args.model().config.IsSparseAttention() && args.Is("kv_cache_dtype", "fp8_e4m3"))
    notes.emplace_back(
        "--nsa-prefill-backend and --nsa-decode-backend count for nothing with an fp8_e4m3 KV "
        "cache: flashmla_auto and flashmla_kv run.");
}

void NoteParsers(const ServerArgs& args, std::vector<std::string>& notes) {
  if (args.WasGiven("tool_call_parser"))
    notes.emplace_back("--tool-call-parser changes nothing for requests without tools.");
}

void NoteMixedBackends(const ServerArgs& args, std::vector<std::string>& notes) {
  if (!args.Flag("enable_hierarchical_cache") || args.WasGiven("decode_attention_backend") ||
      args.IsNull("decode_attention_backend") ||
      args.Get("decode_attention_backend") == args.Get("attention_backend"))
    return;
  notes.push_back(
      fmt::format("--enable-hierarchical-cache decodes with {} attention instead of {}; give "
                  "--hicache-io-backend direct to keep it.",
                  args.Text("decode_attention_backend"), args.Text("attention_backend")));
}

void NoteConfigFile(const ServerArgs& args, std::vector<std::string>& notes) {
  if (args.WasGiven("config"))
    notes.emplace_back(
        "--config: the file is read by the engine alone; what it says is not in "
        "this result.");
}

}  // namespace

void AppendNotes(const ServerArgs& args, EngineResolution& resolution) {
  NoteRequantizedPool(args, resolution.costs);
  NoteMixedBackends(args, resolution.costs);
  std::vector<std::string>& warnings = resolution.warnings;
  NoteDpAttention(args, warnings);
  warnings.insert(warnings.end(), resolution.costs.begin(), resolution.costs.end());
  NoteReplacedKernels(args, warnings);
  NoteParsers(args, warnings);
  NoteConfigFile(args, warnings);
}

}  // namespace redline::backends::sglang
