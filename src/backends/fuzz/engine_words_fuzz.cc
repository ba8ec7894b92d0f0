// libFuzzer entry: any bytes as what an engine writes: its log, its /metrics, its answers.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "backends/engine_metrics.h"
#include "backends/sglang/sglang_backend.h"
#include "backends/vllm/start_log.h"
#include "backends/vllm/vllm_backend.h"
#include "base/strings.h"

namespace {

using namespace redline;  // NOLINT(google-build-using-namespace)

void ExpectFinite(const spec::Parameters& parameters) {
  for (const auto& [name, value] : parameters) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) abort();  // JSON has no such numbers
  }
}

void ReadLines(const backends::EngineFacts& facts, std::string_view text) {
  const auto cause = backends::ClassifyFailure(facts.failures, text);
  if (cause && (cause->line.size() > 500 || cause->line.find('\n') != std::string::npos)) abort();
  for (const std::string& line : Split(text, '\n')) {
    const auto progress = backends::MatchProgress(facts.log_markers, line);
    if (progress && !(progress->fraction >= 0 && progress->fraction <= 1)) abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ExpectFinite(backends::vllm::ReadStartLog(text));
  for (const auto* backend : {&backends::VllmBackend(), &backends::SglangBackend()}) {
    ExpectFinite(backends::MapMetrics(backend->facts().metrics, text));
    ReadLines(backend->facts(), text);
    backends::EngineWords words{.start_log = std::string(text)};
    for (const std::string& path : backend->facts().read_back_paths) words.answers[path] = text;
    (void)backend->ReadBack(words);
  }
  (void)backends::LabelsOf(text, text.substr(0, text.find('{')));
  return 0;
}
