#include "text/parsers/json_call.h"

#include <nlohmann/json.hpp>

namespace redline::text {
namespace {

std::optional<std::string> DecodeString(std::string_view text) {
  const auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_string()) return std::nullopt;  // a lone surrogate
  return value.get<std::string>();
}

bool IsKeyOfCalls(std::string_view key) {
  return key == "name" || key == "arguments" || key == "parameters" || key == "type" || key == "id";
}

}  // namespace

Progress ArgumentsReader::Read(std::string_view tool, CallStream& stream) {
  if (!started_) {
    stream.TakeSpace();
    if (stream.rest().empty()) return Progress::kMore;
    if (stream.rest().front() != '{') return Progress::kFailed;
    stream.BeginCall(tool);
    scanner_.Start();
    started_ = true;
  }
  std::string text;
  stream.Take(scanner_.Scan(stream.rest(), &text));
  stream.AddArguments(text);
  if (scanner_.failed()) return Progress::kFailed;
  return scanner_.done() ? Progress::kDone : Progress::kMore;
}

void JsonCallReader::Start() {
  state_ = State::kOpen;
  name_.clear();
  early_arguments_.clear();
}

Progress JsonCallReader::Read(CallStream& stream) {
  for (;;) {
    if (const Step step = StepOn(stream)) return *step;
  }
}

JsonCallReader::Step JsonCallReader::StepOn(CallStream& stream) {
  if (state_ == State::kToken) return StepToken(stream);
  if (state_ == State::kArguments) return StepArguments(stream);
  stream.TakeSpace();
  if (stream.rest().empty()) return Progress::kMore;
  return StepBetween(stream.rest().front(), stream);
}

JsonCallReader::Step JsonCallReader::StepBetween(char c, CallStream& stream) {
  switch (state_) {
    case State::kFirstKey:
      if (c == '}') return EndObject(stream);
      [[fallthrough]];
    case State::kKey:
      return c == '"' ? StartToken(Token::kKey) : Progress::kFailed;
    case State::kColon:
      return c == ':' ? TakeAndGo(stream, State::kValue) : Progress::kFailed;
    case State::kValue:
      return StartValue(c, stream);
    case State::kComma:
      if (c == ',') return TakeAndGo(stream, State::kKey);
      if (c == '}') return EndObject(stream);
      // A forgotten "}" does not spoil a call whose arguments are complete.
      return stream.has_call() ? Progress::kDone : Progress::kFailed;
    default:  // kOpen
      return c == '{' ? TakeAndGo(stream, State::kFirstKey) : Progress::kFailed;
  }
}

JsonCallReader::Step JsonCallReader::TakeAndGo(CallStream& stream, State next) {
  stream.Take(1);
  state_ = next;
  return std::nullopt;
}

JsonCallReader::Step JsonCallReader::StartToken(Token token) {
  token_ = token;
  token_text_.clear();
  scanner_.Start();
  state_ = State::kToken;
  return std::nullopt;
}

JsonCallReader::Step JsonCallReader::StartValue(char c, CallStream& stream) {
  if (stream.has_call()) return StartToken(Token::kOther);
  if (key_ == "name") return c == '"' ? StartToken(Token::kName) : Progress::kFailed;
  const bool is_arguments = key_ == "arguments" || key_ == "parameters";
  if (!is_arguments || !early_arguments_.empty()) return StartToken(Token::kOther);
  if (c != '{') return Progress::kFailed;
  if (name_.empty()) return StartToken(Token::kEarlyArguments);
  arguments_.Start();
  state_ = State::kArguments;
  return std::nullopt;
}

JsonCallReader::Step JsonCallReader::StepToken(CallStream& stream) {
  stream.Take(scanner_.Scan(stream.rest(), &token_text_));
  if (scanner_.failed()) return Progress::kFailed;
  if (!scanner_.done()) return Progress::kMore;
  state_ = State::kComma;
  return EndToken(stream);
}

JsonCallReader::Step JsonCallReader::EndToken(CallStream& stream) {
  switch (token_) {
    case Token::kKey: {
      auto key = DecodeString(token_text_);
      if (!key) return Progress::kFailed;
      if (announced_ == Announced::kNo && !stream.has_call() && !IsKeyOfCalls(*key))
        return Progress::kFailed;
      key_ = std::move(*key);
      state_ = State::kColon;
      return std::nullopt;
    }
    case Token::kName:
      return EndName(stream);
    case Token::kEarlyArguments:
      early_arguments_ = std::move(token_text_);
      return std::nullopt;
    case Token::kOther:
      break;
  }
  return std::nullopt;
}

JsonCallReader::Step JsonCallReader::EndName(CallStream& stream) {
  name_ = DecodeString(token_text_).value_or("");
  if (!stream.Knows(name_)) return Progress::kFailed;
  if (early_arguments_.empty()) return std::nullopt;
  stream.BeginCall(name_);
  stream.AddArguments(early_arguments_);
  return std::nullopt;
}

JsonCallReader::Step JsonCallReader::StepArguments(CallStream& stream) {
  const Progress progress = arguments_.Read(name_, stream);
  if (progress != Progress::kDone) return progress;
  state_ = State::kComma;
  return std::nullopt;
}

JsonCallReader::Step JsonCallReader::EndObject(CallStream& stream) {
  stream.Take(1);
  if (stream.has_call()) return Progress::kDone;
  if (name_.empty() || announced_ == Announced::kNo) return Progress::kFailed;
  stream.BeginCall(name_);
  stream.AddArguments("{}");
  return Progress::kDone;
}

Progress JsonCallsReader::Read(CallStream& stream) {
  for (;;) {
    if (state_ == State::kCall) {
      const Progress progress = call_.Read(stream);
      if (progress != Progress::kDone || !is_array_) return progress;
      state_ = State::kNext;
    }
    stream.TakeSpace();
    if (stream.rest().empty()) return Progress::kMore;
    const char c = stream.rest().front();
    if (state_ == State::kOpen) {
      is_array_ = c == '[';
      if (is_array_) stream.Take(1);
    } else if (c == ',') {
      stream.EndCall();
      stream.Take(1);
    } else {
      stream.TakeIf("]");
      return Progress::kDone;
    }
    call_.Start();
    state_ = State::kCall;
  }
}

}  // namespace redline::text
