#include "backends/sglang/server_args.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace redline::backends::sglang {
namespace {

using nlohmann::json;

// server_args.py: from_cli_args. The parser's names of four fields are not the engine's.
constexpr std::pair<std::string_view, std::string_view> kRenamed[] = {
    {"tensor_parallel_size", "tp_size"},
    {"pipeline_parallel_size", "pp_size"},
    {"data_parallel_size", "dp_size"},
    {"expert_parallel_size", "ep_size"}};

std::string FieldOf(const std::string& dest) {
  for (const auto& [parsed, field] : kRenamed)
    if (dest == parsed) return std::string(field);
  return dest;
}

}  // namespace

ServerArgs::ServerArgs(const ResolveRequest& request, const ParsedArguments& parsed)
    : request_(request), asked_(json::object()) {
  for (const auto& [dest, value] : parsed.values.items()) {
    if (dest != "config") asked_[FieldOf(dest)] = value;
  }
  for (const std::string& dest : parsed.given) given_.insert(FieldOf(dest));
  values_ = asked_;
}

const json& ServerArgs::Get(std::string_view field) const { return values_.at(field); }

bool ServerArgs::Flag(std::string_view field) const {
  const json& value = Get(field);
  return value.is_boolean() && value.get<bool>();
}

int64_t ServerArgs::Int(std::string_view field) const {
  constexpr int64_t kLimit = int64_t{1} << 62;
  const json& value = Get(field);
  if (value.is_number_integer()) return std::clamp(value.get<int64_t>(), -kLimit, kLimit);
  constexpr auto kDoubleLimit = static_cast<double>(kLimit);
  return static_cast<int64_t>(std::clamp(Number(field), -kDoubleLimit, kDoubleLimit));
}

double ServerArgs::Number(std::string_view field) const {
  const json& value = Get(field);
  const double number = value.is_number() ? value.get<double>() : 0;
  return std::isnan(number) ? 0 : number;
}

std::string ServerArgs::Text(std::string_view field) const {
  const json& value = Get(field);
  return value.is_string() ? value.get<std::string>() : "";
}

bool ServerArgs::IsOneOf(std::string_view field,
                         std::initializer_list<std::string_view> texts) const {
  return std::find(texts.begin(), texts.end(), Text(field)) != texts.end();
}

bool ServerArgs::AnyIs(std::initializer_list<std::string_view> fields,
                       std::string_view text) const {
  return std::any_of(fields.begin(), fields.end(), [&](auto field) { return Is(field, text); });
}

bool ServerArgs::AllNull(std::initializer_list<std::string_view> fields) const {
  return std::all_of(fields.begin(), fields.end(), [&](auto field) { return IsNull(field); });
}

bool ServerArgs::WasGiven(std::string_view field) const {
  return given_.contains(std::string(field));
}

void ServerArgs::Set(std::string_view field, json value, std::string rule) {
  json& target = values_.at(field);
  if (target == value) return;
  target = std::move(value);
  changes_[std::string(field)] = {std::move(rule), "server_args.py: " + step_};
}

bool ServerArgs::HasFlashInfer() const {
  return IsCuda() && LooseEnvFlag("SGLANG_IS_FLASHINFER_AVAILABLE", true);
}

bool ServerArgs::EnvFlag(const std::string& name) const {
  const auto found = request_.environment.find(name);
  if (found == request_.environment.end()) return false;
  const std::string value = ToLower(found->second);
  return value == "true" || value == "1" || value == "yes" || value == "y";
}

bool ServerArgs::LooseEnvFlag(const std::string& name, bool fallback) const {
  const auto found = request_.environment.find(name);
  if (found == request_.environment.end()) return fallback;
  const std::string value = ToLower(found->second);
  return value == "true" || value == "1";
}

Result<HfConfig> ServerArgs::ReadHfConfig() const {
  const json overrides = json::parse(Text("json_model_override_args"), nullptr, false);
  if (!overrides.is_object())
    return InvalidArgument("--json-model-override-args must be a JSON object",
                           "json_model_override_args");
  return HfConfig::Make(request_.model_config, overrides);
}

Status ServerArgs::EnsureModel() {
  if (model_) return OkStatus();
  RL_ASSIGN_OR_RETURN(const HfConfig config, ReadHfConfig());
  RL_ASSIGN_OR_RETURN(ModelFacts facts, MakeModelFacts(config, *this));
  for (const std::string& warning : facts.warnings) Warn(warning);
  model_ = std::move(facts);
  return OkStatus();
}

std::vector<Rewrite> ServerArgs::Rewritten() const {
  std::vector<Rewrite> rewritten;
  for (const auto& [field, change] : changes_) {
    const json& asked = asked_.at(field);
    const json& got = values_.at(field);
    if (asked == got) continue;
    rewritten.push_back({.field = field,
                         .asked = asked,
                         .got = got,
                         .rule = change.rule,
                         .source = change.source,
                         .was_given = WasGiven(field)});
  }
  return rewritten;
}

}  // namespace redline::backends::sglang
