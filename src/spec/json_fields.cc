#include "spec/json_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace redline::spec::json_internal {
namespace {

// Milliseconds of the part after the seconds: "Z" or ".6Z" .. ".678901234Z".
std::optional<int64_t> ParseFraction(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() < 3 || text.front() != '.' || text.back() != 'Z') return std::nullopt;
  int64_t millis = 0;
  int64_t scale = 100;
  for (const char digit : text.substr(1, text.size() - 2)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    millis += (digit - '0') * scale;
    scale /= 10;
  }
  return millis;
}

bool HasDigitsAt(std::string_view text, std::string_view pattern) {
  for (size_t index = 0; index < pattern.size(); ++index) {
    const bool digit = text[index] >= '0' && text[index] <= '9';
    if (pattern[index] == '0' ? !digit : text[index] != pattern[index]) return false;
  }
  return true;
}

std::string Named(std::string_view path) {
  return path.empty() ? "the body" : "\"" + EscapeControl(path) + "\"";
}

template <typename Enum>
Status ReadEnum(const nlohmann::json& json, std::string_view path,
                Result<Enum> (*from_name)(std::string_view), Enum& value) {
  std::string name;
  RL_RETURN_IF_ERROR(Read(json, path, name));
  const auto named = from_name(name);
  if (!named.ok()) return InvalidArgument(named.status().message(), std::string(path));
  value = *named;
  return OkStatus();
}

}  // namespace

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00";
  if (text.size() <= kPattern.size() || !HasDigitsAt(text, kPattern)) return std::nullopt;
  const auto number = [text](size_t start, size_t length) {
    return static_cast<int>(ParseInt64(text.substr(start, length)).value_or(0));
  };
  std::tm utc{};
  utc.tm_year = number(0, 4) - 1900;
  utc.tm_mon = number(5, 2) - 1;
  utc.tm_mday = number(8, 2);
  utc.tm_hour = number(11, 2);
  utc.tm_min = number(14, 2);
  utc.tm_sec = number(17, 2);
  const std::tm asked = utc;
  const std::time_t seconds = timegm(&utc);
  // timegm() carries the 31st of April over to May.
  if (utc.tm_mday != asked.tm_mday || utc.tm_hour != asked.tm_hour || utc.tm_min != asked.tm_min)
    return std::nullopt;
  const auto millis = ParseFraction(text.substr(kPattern.size()));
  if (!millis) return std::nullopt;
  return int64_t{seconds} * 1000 + *millis;
}

Status WrongType(std::string_view path, const char* expected, const nlohmann::json& value) {
  return InvalidArgument(
      fmt::format("{} must be {}, not {}", Named(path), expected, value.type_name()),
      std::string(path));
}

Status Read(const nlohmann::json& json, std::string_view path, std::string& value) {
  if (!json.is_string()) return WrongType(path, "a string", json);
  value = json.get<std::string>();
  return OkStatus();
}

Status Read(const nlohmann::json& json, std::string_view path, int64_t& value) {
  if (!json.is_number_integer()) return WrongType(path, "an integer", json);
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (json.is_number_unsigned() && json.get<uint64_t>() > kMax)
    return InvalidArgument(Named(path) + " is larger than 2^63-1", std::string(path));
  value = json.get<int64_t>();
  return OkStatus();
}

Status Read(const nlohmann::json& json, std::string_view path, double& value) {
  if (!json.is_number()) return WrongType(path, "a number", json);
  value = json.get<double>();
  return OkStatus();
}

Status Read(const nlohmann::json& json, std::string_view path, bool& value) {
  if (!json.is_boolean()) return WrongType(path, "true or false", json);
  value = json.get<bool>();
  return OkStatus();
}

Status Read(const nlohmann::json& json, std::string_view path, InstanceState& value) {
  return ReadEnum(json, path, InstanceStateFromName, value);
}

Status Read(const nlohmann::json& json, std::string_view path, Evidence::Kind& value) {
  return ReadEnum(json, path, EvidenceKindFromName, value);
}

Status Read(const nlohmann::json& json, std::string_view path, LengthSpec::Distribution& value) {
  return ReadEnum(json, path, DistributionFromName, value);
}

Status Read(const nlohmann::json& json, std::string_view path, ArrivalSpec::Process& value) {
  return ReadEnum(json, path, ProcessFromName, value);
}

Status Read(const nlohmann::json& json, std::string_view path, DatasetSpec::Format& value) {
  return ReadEnum(json, path, DatasetFormatFromName, value);
}

Status Read(const nlohmann::json& json, std::string_view path, ParameterValue& value) {
  if (json.is_boolean()) {
    value = json.get<bool>();
  } else if (json.is_number_integer()) {
    int64_t number = 0;
    RL_RETURN_IF_ERROR(Read(json, path, number));
    value = number;
  } else if (json.is_number_float()) {
    value = json.get<double>();
  } else if (json.is_string()) {
    value = json.get<std::string>();
  } else {
    return WrongType(path, "a string, a number, true or false", json);
  }
  return OkStatus();
}

Status ReadTime(const nlohmann::json& json, std::string_view path, int64_t& unix_millis) {
  std::string text;
  RL_RETURN_IF_ERROR(Read(json, path, text));
  unix_millis = 0;
  if (text.empty()) return OkStatus();
  const auto parsed = ParseRfc3339(text);
  if (!parsed)
    return InvalidArgument(Named(path) + " must be a time like 2026-01-02T03:04:05Z",
                           std::string(path));
  unix_millis = *parsed;
  return OkStatus();
}

Status Reader::Finish() const {
  RL_RETURN_IF_ERROR(status_);
  if (unknown_ == UnknownKeys::kIgnore) return OkStatus();
  for (const auto& [key, value] : object_.items()) {
    if (std::find(names_.begin(), names_.end(), key) != names_.end()) continue;
    return InvalidArgument(fmt::format("unknown field \"{}\"{}", EscapeControl(Join(path_, key)),
                                       DidYouMean(key, names_)),
                           Join(path_, key));
  }
  return OkStatus();
}

}  // namespace redline::spec::json_internal
