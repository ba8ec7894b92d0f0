#include "workload/presets.h"

#include <array>

#include "base/strings.h"

namespace redline::workload {
namespace {

using Distribution = spec::LengthSpec::Distribution;

struct Preset {
  const char* name;
  const char* description;
  double input_tokens;   // 0: ShareGPT's
  double output_tokens;  // 0: ShareGPT's
  int64_t num_requests;
};

constexpr std::array<Preset, 6> kPresets = {{
    {"sharegpt", "conversations as long as ShareGPT's, about 219 tokens in and 197 out", 0, 0,
     1000},
    {"short", "short prompts, next to no answer: 128 tokens in, 4 out", 128, 4, 1000},
    {"medium", "2,000 tokens in, 100 out", 2000, 100, 500},
    {"long", "4,000 tokens in, 200 out", 4000, 200, 500},
    {"verylong", "32,000 tokens in, 100 out", 32000, 100, 100},
    {"generation", "long answers: 1,000 tokens in, 2,000 out", 1000, 2000, 100},
}};

spec::LengthSpec LengthOfPreset(double num_tokens) {
  spec::LengthSpec length;
  length.distribution = num_tokens > 0 ? Distribution::kFixed : Distribution::kShareGpt;
  length.mean = num_tokens;
  return length;
}

}  // namespace

std::vector<std::string> PresetNames() {
  std::vector<std::string> names;
  for (const Preset& preset : kPresets) names.emplace_back(preset.name);
  return names;
}

Result<spec::WorkloadSpec> FindPreset(std::string_view name) {
  for (const Preset& preset : kPresets) {
    if (preset.name != name) continue;
    spec::WorkloadSpec spec;
    spec.name = preset.name;
    spec.description = preset.description;
    spec.input_tokens = LengthOfPreset(preset.input_tokens);
    spec.output_tokens = LengthOfPreset(preset.output_tokens);
    spec.num_requests = preset.num_requests;
    spec.arrivals.process = spec::ArrivalSpec::Process::kBurst;
    return spec;
  }
  const std::vector<std::string> names = PresetNames();
  return NotFound("no workload named \"" + Excerpt(name) + "\"" + DidYouMean(name, names) +
                      "; choose one of " + Join(names, ", ") + ", or name a YAML or JSON file",
                  "workload");
}

}  // namespace redline::workload
