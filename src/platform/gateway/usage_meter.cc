#include "platform/gateway/usage_meter.h"

#include <nlohmann/json.hpp>

namespace redline::platform {
namespace {

using nlohmann::json;

std::optional<TokenUsage> UsageIn(const json& value) {
  if (!value.is_object() || !value.contains("usage") || !value["usage"].is_object())
    return std::nullopt;
  const json& usage = value["usage"];
  const auto count = [&](const char* name) {
    return usage.contains(name) && usage[name].is_number_integer() ? usage[name].get<int64_t>() : 0;
  };
  return TokenUsage{count("prompt_tokens"), count("completion_tokens")};
}

}  // namespace

std::optional<TokenUsage> UsageOf(std::string_view text) {
  return UsageIn(json::parse(text, nullptr, /*allow_exceptions=*/false));
}

std::string StreamMeter::Push(std::string_view bytes) {
  pending_.append(bytes);
  std::string out;
  size_t begin = 0;
  while (true) {
    const size_t end = pending_.find("\n\n", std::max(begin, searched_));
    if (end == std::string::npos) break;
    const std::string_view event(pending_.data() + begin, end + 2 - begin);
    if (Keep(event)) out.append(event);
    begin = end + 2;
    searched_ = begin;
  }
  pending_.erase(0, begin);
  searched_ = pending_.empty() ? 0 : pending_.size() - 1;
  return out;
}

std::string StreamMeter::Finish() {
  searched_ = 0;
  return std::exchange(pending_, {});
}

// Most events have no usage: they pass after one search.
bool StreamMeter::Keep(std::string_view event) {
  constexpr std::string_view kData = "data: ";
  if (!event.starts_with(kData) || event.find("\"usage\"") == std::string_view::npos) return true;
  const json chunk = json::parse(event.substr(kData.size()), nullptr, /*allow_exceptions=*/false);
  const auto usage = UsageIn(chunk);
  if (!usage) return true;
  usage_ = usage;
  const bool only_usage = chunk.contains("choices") && chunk["choices"].empty();
  return !(strip_usage_ && only_usage);
}

}  // namespace redline::platform
