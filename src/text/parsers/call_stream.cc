#include "text/parsers/call_stream.h"

#include <algorithm>

#include "text/parsers/match.h"

namespace redline::text {

CallStream::CallStream(const std::vector<ToolDefinition>& tools) {
  for (const ToolDefinition& tool : tools) {
    if (!tool.name.empty()) tools_.insert(tool.name);
  }
}

void CallStream::Append(std::string_view text, OutputDelta* out) {
  buffer_.erase(0, held_);
  next_ -= held_;
  held_ = 0;
  buffer_ += text;
  out_ = out;
}

void CallStream::Finish(OutputDelta* out) {
  out_ = out;
  if (!in_call_) Pass(rest().size());
}

void CallStream::Take(size_t num_bytes) {
  next_ += num_bytes;
  after_call_ = false;
}

std::string_view CallStream::TakeSpace() {
  const std::string_view text = rest();
  const size_t length = std::min(text.find_first_not_of(kSpace), text.size());
  next_ += length;
  if (after_call_) DropHeld();
  return text.substr(0, length);
}

bool CallStream::TakeIf(std::string_view literal) {
  if (!rest().starts_with(literal)) return false;
  Take(literal.size());
  return true;
}

bool CallStream::TakeUntil(std::string_view delimiter, std::string* before) {
  const std::string_view text = rest();
  const size_t end = text.find(delimiter);
  if (end != text.npos) {
    *before += text.substr(0, end);
    Take(end + delimiter.size());
    return true;
  }
  const size_t length = text.size() - PartialSuffix(text, delimiter);
  *before += text.substr(0, length);
  Take(length);
  return false;
}

void CallStream::Pass(size_t num_bytes) {
  next_ += num_bytes;
  out_->content.append(buffer_, held_, next_ - held_);
  if (next_ > held_) after_call_ = false;
  DropHeld();
}

void CallStream::Abandon() {
  in_call_ = false;
  Pass(0);
}

void CallStream::BeginCall(std::string_view tool) {
  DropHeld();
  in_call_ = true;
  out_->tool_calls.push_back({.index = num_calls_++, .name = std::string(tool), .arguments = {}});
}

void CallStream::AddArguments(std::string_view json) {
  DropHeld();
  if (json.empty()) return;
  const int64_t index = num_calls_ - 1;
  auto& calls = out_->tool_calls;
  if (calls.empty() || calls.back().index != index) calls.push_back({.index = index});
  calls.back().arguments += json;
}

void CallStream::EndCall() {
  DropHeld();
  in_call_ = false;
  after_call_ = true;
}

void CallStream::DropHeld() { held_ = next_; }

Progress FindMarker(CallStream& stream, std::string_view marker) {
  const std::string stops = std::string(kSpace) + marker.front();
  for (;;) {
    stream.TakeSpace();
    const std::string_view text = stream.rest();
    switch (MatchPrefix(text, marker)) {
      case Match::kYes:
        stream.Take(marker.size());
        return Progress::kDone;
      case Match::kPartial:
        return Progress::kMore;
      case Match::kNo:
        break;
    }
    stream.Pass(std::min(text.find_first_of(stops, 1), text.size()));
  }
}

}  // namespace redline::text
