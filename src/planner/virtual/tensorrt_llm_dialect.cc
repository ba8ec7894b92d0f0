// TensorRT-LLM 1.2.0rc5: serve/openai_server.py. Its numbers are to be had only where the file of
// --config asks for them, which is not read here: a virtual one has none.
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "planner/virtual/engine_dialect.h"

namespace redline::planner {
namespace {

std::vector<StaticAnswer> TensorrtLlmAnswers(const VirtualSetup& setup) {
  const std::string version = nlohmann::json{{"version", setup.version}, {"virtual", true}}.dump();
  return {{"/health", ""}, {"/health_generate", ""}, {"/version", version}, {"/metrics", "[]"}};
}

std::string TensorrtLlmMetricsPath(const VirtualSetup&) { return {}; }

std::string TensorrtLlmMetrics(const VirtualSetup&, const VirtualStats&) { return {}; }

std::vector<std::string> TensorrtLlmLoading(const VirtualSetup& setup) {
  return {fmt::format("[TensorRT-LLM] TensorRT LLM version: {}", setup.version)};
}

std::vector<std::string> TensorrtLlmReady(const VirtualSetup&, std::string_view address) {
  return {fmt::format("INFO:     Started server process [{}]", getpid()),
          "INFO:     Waiting for application startup.", "INFO:     Application startup complete.",
          fmt::format("INFO:     Uvicorn running on {} (Press CTRL+C to quit)", address)};
}

std::vector<std::string> TensorrtLlmStep(const VirtualSetup&, const StepReport&,
                                         const VirtualStats&, int64_t) {
  return {};
}

}  // namespace

const EngineDialect& TensorrtLlmDialect() {
  static constexpr EngineDialect kDialect = {.engine = "tensorrt_llm",
                                             .default_port = 8000,
                                             .checks_model = false,
                                             .static_answers = TensorrtLlmAnswers,
                                             .metrics_path = TensorrtLlmMetricsPath,
                                             .metrics = TensorrtLlmMetrics,
                                             .loading_log = TensorrtLlmLoading,
                                             .ready_log = TensorrtLlmReady,
                                             .step_log = TensorrtLlmStep};
  return kDialect;
}

}  // namespace redline::planner
