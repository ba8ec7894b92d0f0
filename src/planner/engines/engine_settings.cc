#include "planner/engines/engine_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "planner/engines/settings_readers.h"

namespace redline::planner {
namespace {

struct EngineReader {
  std::string_view engine;
  Result<EngineSettings> (*from_resolved)(const nlohmann::json& resolved, const ModelShape& shape);
  EngineSettings (*defaults)(const ParallelLayout& layout, const ModelShape& shape);
};

// An engine is one line here and one file beside.
constexpr std::array kReaders = {
    EngineReader{"sglang", SglangSettings, SglangDefaults},
    EngineReader{"tensorrt_llm", TensorrtLlmSettings, TensorrtLlmDefaults},
    EngineReader{"vllm", VllmSettings, VllmDefaults},
};

Result<const EngineReader*> FindReader(std::string_view engine) {
  for (const EngineReader& reader : kReaders) {
    if (reader.engine == engine) return &reader;
  }
  return Unimplemented(fmt::format("the scheduler of {} is not modelled; those of {} are", engine,
                                   fmt::join(ModelledEngines(), ", ")),
                       "engine");
}

Status CheckLayout(const ParallelLayout& layout) {
  const std::array sizes = {layout.attention_tp,    layout.attention_dp, layout.ffn_tp,
                            layout.expert_parallel, layout.pipeline,     layout.replicas};
  const bool is_sane = std::all_of(sizes.begin(), sizes.end(),
                                   [](int64_t size) { return size >= 1 && size <= 1024; });
  if (is_sane) return OkStatus();
  return InvalidArgument("sizes of parallelism must be between 1 and 1024", "parallelism");
}

Result<EngineSettings> Finish(EngineSettings settings, std::string_view engine,
                              std::string_view version) {
  settings.engine = engine;
  settings.version = version;
  RL_RETURN_IF_ERROR(CheckLayout(settings.layout));
  return settings;
}

}  // namespace

std::vector<std::string_view> ModelledEngines() {
  std::vector<std::string_view> names;
  for (const EngineReader& reader : kReaders) names.push_back(reader.engine);
  return names;
}

bool HasSparseAttention(const ModelShape& shape) {
  return std::any_of(shape.groups.begin(), shape.groups.end(), [](const LayerGroup& group) {
    const auto* latent = std::get_if<LatentAttention>(&group.attention);
    return latent != nullptr && latent->indexer.has_value();
  });
}

Result<EngineSettings> SettingsOfResolved(std::string_view engine, std::string_view version,
                                          const nlohmann::json& resolved, const ModelShape& shape) {
  RL_ASSIGN_OR_RETURN(const EngineReader* reader, FindReader(engine));
  RL_ASSIGN_OR_RETURN(EngineSettings settings, reader->from_resolved(resolved, shape));
  return Finish(std::move(settings), engine, version);
}

Result<EngineSettings> DefaultSettings(std::string_view engine, std::string_view version,
                                       const ParallelLayout& layout, const ModelShape& shape) {
  RL_ASSIGN_OR_RETURN(const EngineReader* reader, FindReader(engine));
  RL_RETURN_IF_ERROR(CheckLayout(layout));
  return Finish(reader->defaults(layout, shape), engine, version);
}

}  // namespace redline::planner
