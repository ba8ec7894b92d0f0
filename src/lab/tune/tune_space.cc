#include "lab/tune/tune_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace redline::lab {
namespace {

constexpr std::array<std::pair<Stage, std::string_view>, 8> kStageNames = {{
    {Stage::kEngine, "engine"},
    {Stage::kParallelism, "parallelism"},
    {Stage::kParsers, "parsers"},
    {Stage::kContext, "context"},
    {Stage::kKvDtype, "KV dtype"},
    {Stage::kAttention, "attention backend"},
    {Stage::kScheduling, "batches and chunks"},
    {Stage::kSpeculation, "speculation"},
}};

// Of the planner's axes, by their names; the others are about scheduling.
Stage StageOf(const std::string& axis) {
  constexpr std::array<std::pair<std::string_view, Stage>, 4> kStages = {
      {{"layout", Stage::kParallelism},
       {"KV cache", Stage::kKvDtype},
       {"sparse attention", Stage::kAttention},
       {"speculation", Stage::kSpeculation}}};
  for (const auto& [name, stage] : kStages) {
    if (axis == name) return stage;
  }
  return Stage::kScheduling;
}

// Flags of an engine's front end that no prediction knows.
struct FrontEndFlags {
  std::string_view engine;
  const char* tool_parser;
  const char* tool_switch;  // that it needs besides; "": none
  const char* reasoning_parser;
  const char* context;
};
constexpr std::array<FrontEndFlags, 3> kFrontEnds = {{
    {"sglang", "--tool-call-parser", "", "--reasoning-parser", "--context-length"},
    {"vllm", "--tool-call-parser", "--enable-auto-tool-choice", "--reasoning-parser",
     "--max-model-len"},
    {"tensorrt_llm", "", "", "", "--max_seq_len"},
}};

// vLLM's names of the formats, where they are others (its tool and reasoning parser registries).
std::string NameIn(std::string_view engine, const std::string& format) {
  if (engine != "vllm") return format;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kNames = {
      {{"deepseekv3", "deepseek_v3"},
       {"deepseekv31", "deepseek_v31"},
       {"deepseekv32", "deepseek_v32"},
       {"deepseek-v3", "deepseek_v3"},
       {"deepseek-r1", "deepseek_r1"}}};
  for (const auto& [theirs, vllm] : kNames) {
    if (format == theirs) return std::string(vllm);
  }
  return format;
}

planner::Axis ParserAxis(const FrontEndFlags& flags, const SpokenFormats& formats) {
  planner::Axis axis{
      .name = "parsers", .values = {planner::AxisValue{"default", {}}}, .num_coarse = 1};
  planner::AxisValue value;
  const auto add = [&](const char* flag, const std::string& format) {
    if (*flag == 0 || format.empty()) return;
    const std::string name = NameIn(flags.engine, format);
    value.words.insert(value.words.end(), {flag, name});
    value.label += (value.label.empty() ? "" : " and ") + name;
  };
  add(flags.tool_parser, formats.tool_calls);
  if (!value.words.empty() && *flags.tool_switch != 0) value.words.emplace_back(flags.tool_switch);
  add(flags.reasoning_parser, formats.reasoning);
  if (!value.words.empty()) axis.values.push_back(std::move(value));
  return axis;
}

// The least power of two that the workload's longest request fits in, from the scenario's 32k on.
planner::Axis ContextAxis(const FrontEndFlags& flags, int64_t longest_request) {
  int64_t context = 32'768;
  while (context < longest_request) context *= 2;
  const std::string words = std::to_string(context);
  return {.name = "context",
          .values = {planner::AxisValue{"default", {}},
                     planner::AxisValue{words, {flags.context, words}}},
          .num_coarse = 1};
}

}  // namespace

std::string_view NameOf(Stage stage) {
  for (const auto& [each, name] : kStageNames) {
    if (each == stage) return name;
  }
  return "";
}

TuneChoice TuneSpace::DefaultOf(size_t engine) const {
  return {.engine = engine, .values = planner::Choice(engines[engine].space.axes.size(), 0)};
}

TuneConfiguration TuneSpace::ConfigurationOf(const TuneChoice& choice) const {
  const planner::SearchSpace& space = engines[choice.engine].space;
  return {.engine = space.engine,
          .arguments = planner::ArgumentsOf(space, choice.values),
          .environment = {}};
}

std::string TuneSpace::Describe(const TuneChoice& choice) const {
  const planner::SearchSpace& space = engines[choice.engine].space;
  const std::string what = planner::Describe(space, choice.values);
  return what.empty() ? space.engine : space.engine + ", " + what;
}

int64_t TuneSpace::NumCombinations() const {
  int64_t number = 0;
  for (const TuneEngine& engine : engines) number += engine.space.NumCombinations();
  return number;
}

Result<TuneEngine> MakeTuneEngine(planner::SearchSpace space, const SpokenFormats& formats,
                                  int64_t longest_request) {
  const std::string name = space.engine.substr(0, space.engine.find('@'));
  TuneEngine engine{.space = std::move(space), .stages = {}};
  for (const planner::Axis& axis : engine.space.axes) engine.stages.push_back(StageOf(axis.name));
  const auto add = [&](planner::Axis axis, Stage stage) {
    if (axis.values.size() < 2) return;
    engine.space.axes.push_back(std::move(axis));
    engine.stages.push_back(stage);
  };
  for (const FrontEndFlags& flags : kFrontEnds) {
    if (flags.engine != name) continue;
    add(ParserAxis(flags, formats), Stage::kParsers);
    add(ContextAxis(flags, longest_request), Stage::kContext);
  }
  for (const planner::Axis& axis : engine.space.axes) {
    if (axis.values.size() > std::numeric_limits<uint8_t>::max())
      return Internal(fmt::format("axis {} of {} has too many values", axis.name, name));
  }
  return engine;
}

}  // namespace redline::lab
