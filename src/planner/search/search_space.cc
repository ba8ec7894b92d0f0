#include "planner/search/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "planner/search/engine_axes.h"

namespace redline::planner {
namespace {

struct EngineAxes {
  std::string_view engine;
  std::vector<Axis> (*axes)(const SpaceQuestion& question);
};

// An engine is one line here and one file beside.
constexpr std::array kEngineAxes = {EngineAxes{"sglang", SglangAxes},
                                    EngineAxes{"tensorrt_llm", TensorrtLlmAxes},
                                    EngineAxes{"vllm", VllmAxes}};

}  // namespace

int64_t SearchSpace::NumCombinations() const {
  int64_t number = 1;
  for (const Axis& axis : axes) number *= static_cast<int64_t>(axis.num_coarse);
  return number;
}

std::vector<std::string_view> SearchedEngines() {
  std::vector<std::string_view> names;
  for (const EngineAxes& engine : kEngineAxes) names.push_back(engine.engine);
  return names;
}

Result<SearchSpace> SpaceOf(std::string_view engine_at_version, const ModelShape& shape,
                            const HardwareSpec& hardware) {
  const std::string_view name = engine_at_version.substr(0, engine_at_version.find('@'));
  const SpaceQuestion question{.shape = shape,
                               .num_gpus = hardware.devices_per_node,
                               .has_fp8 = hardware.peak_flops.fp8_per_second.has_value()};
  for (const EngineAxes& engine : kEngineAxes) {
    if (engine.engine != name) continue;
    SearchSpace space{.engine = std::string(engine_at_version), .axes = engine.axes(question)};
    if (space.NumCombinations() <= kMaxCombinations) return space;
    return Status(
        Code::kTooLarge,
        fmt::format("{} has {} combinations on {} GPUs, over the limit of {}", engine_at_version,
                    space.NumCombinations(), question.num_gpus, kMaxCombinations),
        "hardware");
  }
  return Unimplemented(fmt::format("{} is not searched; those of {} are", Excerpt(name),
                                   fmt::join(SearchedEngines(), ", ")),
                       "engine");
}

Choice CombinationAt(const SearchSpace& space, int64_t number) {
  Choice choice;
  for (const Axis& axis : space.axes) {
    const auto size = static_cast<int64_t>(axis.num_coarse);
    choice.push_back(static_cast<uint8_t>(number % size));
    number /= size;
  }
  return choice;
}

int64_t StrideOf(const SearchSpace& space, size_t axis) {
  int64_t stride = 1;
  for (size_t index = 0; index < axis; ++index) {
    stride *= static_cast<int64_t>(space.axes[index].num_coarse);
  }
  return stride;
}

std::vector<std::string> ArgumentsOf(const SearchSpace& space, const Choice& choice) {
  std::vector<std::string> arguments;
  for (size_t axis = 0; axis < choice.size(); ++axis) {
    const std::vector<std::string>& words = space.axes[axis].values[choice[axis]].words;
    arguments.insert(arguments.end(), words.begin(), words.end());
  }
  return arguments;
}

std::string Describe(const SearchSpace& space, const Choice& choice) {
  std::vector<std::string> parts;
  for (size_t axis = 0; axis < choice.size(); ++axis) {
    const Axis& each = space.axes[axis];
    // The layout is told always.
    if (choice[axis] == 0 && axis > 0) continue;
    parts.push_back(axis == 0 ? each.values[choice[axis]].label
                              : each.name + " " + each.values[choice[axis]].label);
  }
  return Join(parts, ", ");
}

size_t NumChanges(const Choice& choice) {
  return static_cast<size_t>(
      std::count_if(choice.begin(), choice.end(), [](uint8_t value) { return value != 0; }));
}

AxisValue DefaultValue() { return {.label = "default", .words = {}}; }

Axis FlagAxis(std::string name, std::string flag, std::initializer_list<const char*> coarse,
              std::initializer_list<const char*> fine) {
  Axis axis{.name = std::move(name), .values = {DefaultValue()}, .num_coarse = 1 + coarse.size()};
  for (const auto& values : {coarse, fine}) {
    for (const char* value : values)
      axis.values.push_back({.label = value, .words = {flag, value}});
  }
  return axis;
}

Axis SwitchAxis(std::string name, std::string flag) {
  return {.name = std::move(name),
          .values = {DefaultValue(), {.label = "on", .words = {std::move(flag)}}},
          .num_coarse = 2};
}

std::vector<int64_t> DivisorsOf(int64_t number) {
  std::vector<int64_t> divisors;
  for (int64_t each = number; each >= 1; --each) {
    if (number % each == 0) divisors.push_back(each);
  }
  return divisors;
}

bool HasRoutedExperts(const ModelShape& shape) {
  return std::any_of(shape.groups.begin(), shape.groups.end(), [](const LayerGroup& group) {
    return std::holds_alternative<MoeFfn>(group.ffn);
  });
}

}  // namespace redline::planner
