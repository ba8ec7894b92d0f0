#include "platform/gateway/usage_meter.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr size_t kMaxEventBytes = 1 << 20;

std::optional<TokenUsage> UsageIn(const json& value) {
  if (!value.is_object() || !value.contains("usage") || !value["usage"].is_object())
    return std::nullopt;
  const json& usage = value["usage"];
  const auto count = [&](const char* name) {
    return usage.contains(name) && usage[name].is_number_integer() ? usage[name].get<int64_t>() : 0;
  };
  return TokenUsage{std::max<int64_t>(count("prompt_tokens"), 0),
                    std::max<int64_t>(count("completion_tokens"), 0)};
}

// The end of the first event at or after `from` (behind its blank line), or npos.
size_t EndOfEvent(std::string_view text, size_t from) {
  for (size_t at = text.find('\n', from); at != text.npos; at = text.find('\n', at + 1)) {
    if (text.substr(at + 1, 1) == "\n") return at + 2;
    if (text.substr(at + 1, 2) == "\r\n") return at + 3;
  }
  return text.npos;
}

// Whether an event may hold a usage object: "usage" and then '{', not null.
bool MayHoldUsage(std::string_view event) {
  constexpr std::string_view kName = "\"usage\"";
  for (size_t at = event.find(kName); at != event.npos; at = event.find(kName, at + 1)) {
    const size_t value = event.find_first_not_of(" \t:", at + kName.size());
    if (value != event.npos && event[value] == '{') return true;
  }
  return false;
}

}  // namespace

std::optional<TokenUsage> UsageOf(std::string_view text) {
  return UsageIn(json::parse(text, nullptr, /*allow_exceptions=*/false));
}

std::string StreamMeter::Push(std::string_view bytes) {
  pending_.append(bytes);
  std::string out;
  size_t begin = 0;
  for (size_t end = EndOfEvent(pending_, searched_); end != std::string::npos;
       end = EndOfEvent(pending_, begin)) {
    const std::string_view event(pending_.data() + begin, end - begin);
    if (Keep(event)) out.append(event);
    begin = end;
  }
  pending_.erase(0, begin);
  if (pending_.size() > kMaxEventBytes) out += std::exchange(pending_, {});
  // A line end may be split: the last two bytes are looked at again.
  searched_ = pending_.size() - std::min<size_t>(pending_.size(), 2);
  return out;
}

std::string StreamMeter::Finish() {
  searched_ = 0;
  return std::exchange(pending_, {});
}

// Most events hold no usage: they pass after one search.
bool StreamMeter::Keep(std::string_view event) {
  if (!event.starts_with("data:") || !MayHoldUsage(event)) return true;
  const json chunk = json::parse(event.substr(5), nullptr, /*allow_exceptions=*/false);
  const auto usage = UsageIn(chunk);
  if (!usage) return true;
  usage_ = usage;
  const bool only_usage = chunk.contains("choices") && chunk["choices"].empty();
  return !(strip_usage_ && only_usage);
}

}  // namespace redline::platform
