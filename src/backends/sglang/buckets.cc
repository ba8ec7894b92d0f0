// Histogram buckets: "default", "tse MIDDLE BASE COUNT", "custom VALUE ...".
#include <fmt/format.h>

#include <set>

#include "backends/arguments/argument_value.h"
#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

using nlohmann::json;

std::optional<double> Converted(const json& text, ArgumentType type) {
  Argument argument;
  argument.type = type;
  const auto value = ConvertValue(argument, text.get<std::string>());
  return value ? std::optional(value->get<double>()) : std::nullopt;
}

bool IsGoodTse(const json& rule) {
  if (rule.size() != 4) return false;
  const auto middle = Converted(rule[1], ArgumentType::kFloat);
  const auto base = Converted(rule[2], ArgumentType::kFloat);
  const auto count = Converted(rule[3], ArgumentType::kInt);
  return middle && base && count && *base > 1 && *count > 0 && *middle > 0;
}

bool IsGoodCustom(const json& rule) {
  if (rule.size() < 2) return false;
  std::set<double> seen;
  for (size_t i = 1; i < rule.size(); ++i) {
    const auto value = Converted(rule[i], ArgumentType::kFloat);
    if (!value || !(*value >= 0) || !seen.insert(*value).second) return false;
  }
  return true;
}

}  // namespace

Status CheckBuckets(const ServerArgs& args, std::string_view field) {
  const json& rule = args.Get(field);
  if (rule.empty()) return OkStatus();
  const bool is_good = (rule[0] == "default" && rule.size() == 1) ||
                       (rule[0] == "tse" && IsGoodTse(rule)) ||
                       (rule[0] == "custom" && IsGoodCustom(rule));
  if (is_good) return OkStatus();
  return InvalidArgument(
      fmt::format("{} must be \"default\", \"tse MIDDLE BASE COUNT\" (above 0, 1 "
                  "and 0) or \"custom VALUE ...\" (different, 0 or more)",
                  field),
      std::string(field));
}

}  // namespace redline::backends::sglang
