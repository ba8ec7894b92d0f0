#include "planner/virtual/engine_dialect.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

namespace redline::planner {

const EngineDialect* FindDialect(std::string_view engine) {
  const std::array all = {&SglangDialect(), &TensorrtLlmDialect(), &VllmDialect()};
  for (const EngineDialect* dialect : all)
    if (dialect->engine == engine) return dialect;
  return nullptr;
}

StepCounts CountsOf(const RankStep& step) {
  StepCounts counts;
  for (const PrefillChunk& chunk : step.prefill) {
    ++counts.num_prompts;
    counts.prompt_tokens += chunk.new_tokens;
    counts.cached_tokens += chunk.prefix_tokens;
  }
  return counts;
}

std::string LocalTime(const char* format) {
  char text[64];
  const time_t now = std::time(nullptr);
  tm parts;
  localtime_r(&now, &parts);
  return {text, strftime(text, sizeof text, format, &parts)};
}

std::string PythonRepr(const nlohmann::json& value) {
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (!value.is_string()) return value.dump();
  std::string text = "'";
  for (const char letter : value.get_ref<const std::string&>()) {
    if (letter == '\'' || letter == '\\') text += '\\';
    if (static_cast<unsigned char>(letter) >= 0x20) text += letter;
  }
  return text + "'";
}

}  // namespace redline::planner
