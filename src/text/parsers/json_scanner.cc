#include "text/parsers/json_scanner.h"

#include "text/json_text.h"
#include "text/parsers/match.h"

namespace redline::text {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20; }

}  // namespace

void JsonScanner::Start() {
  state_ = State::kValue;
  open_.clear();
  in_key_ = false;
}

size_t JsonScanner::Scan(std::string_view text, std::string* out) {
  size_t at = 0;
  while (at < text.size() && !done() && !failed()) {
    const char c = text[at];
    const bool in_string = state_ == State::kString;
    if (Read(c) == Reading::kNotMine) continue;  // the end of a number; the byte is looked at again
    if (failed()) break;
    if (in_string && IsControl(c)) {
      AppendJsonEscaped(text.substr(at, 1), out);
    } else {
      *out += c;
    }
    ++at;
  }
  return at;
}

JsonScanner::Reading JsonScanner::Read(char c) {
  if (state_ >= State::kMinus && state_ <= State::kExponentDigits) return ReadNumber(c);
  if (state_ >= State::kString && state_ <= State::kLiteral) {
    ReadInside(c);
  } else if (kSpace.find(c) == kSpace.npos) {
    ReadBetween(c);
  }
  return Reading::kTaken;
}

void JsonScanner::ReadInside(char c) {
  switch (state_) {
    case State::kString:
      if (c == '\\') state_ = State::kEscape;
      if (c == '"') EndValue();
      return;
    case State::kEscape:
      return ReadEscape(c);
    case State::kHex:
      if (!IsHex(c)) return Fail();
      if (--hex_left_ == 0) state_ = State::kString;
      return;
    default:  // kLiteral
      if (c != literal_left_.front()) return Fail();
      literal_left_.remove_prefix(1);
      if (literal_left_.empty()) EndValue();
  }
}

void JsonScanner::ReadBetween(char c) {
  switch (state_) {
    case State::kFirstItem:
      return c == ']' ? Close('[') : ReadValue(c);
    case State::kFirstKey:
      if (c == '}') return Close('{');
      [[fallthrough]];
    case State::kKey:
      if (c != '"') return Fail();
      in_key_ = true;
      state_ = State::kString;
      return;
    case State::kColon:
      if (c != ':') return Fail();
      state_ = State::kValue;
      return;
    case State::kAfterValue:
      return ReadAfterValue(c);
    default:
      return ReadValue(c);
  }
}

void JsonScanner::ReadValue(char c) {
  if (c == '{') return Open('{', State::kFirstKey);
  if (c == '[') return Open('[', State::kFirstItem);
  if (c == '"') {
    state_ = State::kString;
  } else if (c == '-') {
    state_ = State::kMinus;
  } else if (IsDigit(c)) {
    state_ = c == '0' ? State::kZero : State::kInteger;
  } else if (c == 't' || c == 'f' || c == 'n') {
    literal_left_ = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
    state_ = State::kLiteral;
  } else {
    Fail();
  }
}

void JsonScanner::ReadAfterValue(char c) {
  if (c == '}' || c == ']') return Close(c == '}' ? '{' : '[');
  if (c != ',') return Fail();
  state_ = open_.back() == '{' ? State::kKey : State::kValue;
}

void JsonScanner::ReadEscape(char c) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  if (c == 'u') {
    hex_left_ = 4;
    state_ = State::kHex;
  } else {
    state_ = kEscapes.find(c) != kEscapes.npos ? State::kString : State::kFailed;
  }
}

JsonScanner::Reading JsonScanner::ReadNumber(char c) {
  const State was = state_;
  const bool after_integer = was == State::kZero || was == State::kInteger;
  if (IsDigit(c)) {
    if (was == State::kMinus) {
      state_ = c == '0' ? State::kZero : State::kInteger;
    } else if (was == State::kDot) {
      state_ = State::kFraction;
    } else if (was == State::kExponent || was == State::kExponentSign) {
      state_ = State::kExponentDigits;
    } else if (was == State::kZero) {
      Fail();
    }
  } else if (c == '.' && after_integer) {
    state_ = State::kDot;
  } else if ((c == 'e' || c == 'E') && (after_integer || was == State::kFraction)) {
    state_ = State::kExponent;
  } else if ((c == '+' || c == '-') && was == State::kExponent) {
    state_ = State::kExponentSign;
  } else if (after_integer || was == State::kFraction || was == State::kExponentDigits) {
    EndValue();
    return Reading::kNotMine;
  } else {
    Fail();
  }
  return Reading::kTaken;
}

void JsonScanner::Open(char bracket, State inside) {
  open_ += bracket;
  state_ = inside;
}

void JsonScanner::Close(char bracket) {
  if (open_.back() != bracket) return Fail();
  open_.pop_back();
  EndValue();
}

void JsonScanner::EndValue() {
  if (in_key_) {
    in_key_ = false;
    state_ = State::kColon;
  } else {
    state_ = open_.empty() ? State::kDone : State::kAfterValue;
  }
}

}  // namespace redline::text
