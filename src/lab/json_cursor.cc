#include "lab/json_cursor.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/strings.h"

namespace redline::lab {
namespace {

bool IsPlain(char byte) { return byte >= 0x20 && byte != '"' && byte != '\\'; }
bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }
bool IsHexDigit(char byte) {
  return IsDigit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

// The first byte of a string that is not plain: a quote, a backslash, a control character, or one
// beyond ASCII (negative as a signed char).
const char* SkipPlain(const char* at, const char* end) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                         _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  while (at < end && IsPlain(*at)) ++at;
  return at;
}

}  // namespace

bool JsonCursor::Fail() {
  failed_ = true;
  at_ = end_;
  return false;
}

char JsonCursor::Peek() {
  while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  return at_ < end_ ? *at_ : '\0';
}

bool JsonCursor::AtEnd() { return !failed_ && Peek() == '\0' && at_ == end_ && depth_ == 0; }

bool JsonCursor::Enter(char open) {
  if (Peek() != open || depth_ == kMaxDepth) return Fail();
  ++at_;
  ++depth_;
  first_ = true;
  return true;
}

bool JsonCursor::EnterObject() { return Enter('{'); }
bool JsonCursor::EnterArray() { return Enter('['); }

bool JsonCursor::NextItem(char close) {
  if (failed_) return false;
  const char next = Peek();
  if (next == close) {
    ++at_;
    --depth_;
    first_ = false;
    return false;
  }
  if (!first_) {
    if (next != ',') return Fail();
    ++at_;
  }
  first_ = false;
  return true;
}

bool JsonCursor::NextKey(std::string_view& key) {
  if (!NextItem('}') || !String(key)) return false;
  if (Peek() != ':') return Fail();
  ++at_;
  return true;
}

bool JsonCursor::NextElement() { return NextItem(']'); }

bool JsonCursor::Escape() {
  if (end_ - at_ < 2 || std::strchr("\"\\/bfnrtu", at_[1]) == nullptr || at_[1] == '\0')
    return Fail();
  const bool unicode = at_[1] == 'u';
  at_ += 2;
  if (!unicode) return true;
  if (end_ - at_ < 4) return Fail();
  for (int i = 0; i < 4; ++i)
    if (!IsHexDigit(*at_++)) return Fail();
  return true;
}

bool JsonCursor::String(std::string_view& raw) {
  if (Peek() != '"') return Fail();
  const char* start = ++at_;
  bool is_ascii = true;
  while (true) {
    at_ = SkipPlain(at_, end_);
    if (at_ == end_) return Fail();
    if (*at_ == '"') break;
    if (*at_ == '\\') {
      if (!Escape()) return false;
    } else if (static_cast<unsigned char>(*at_) >= 0x80) {
      is_ascii = false;
      ++at_;
    } else {
      return Fail();
    }
  }
  raw = std::string_view(start, static_cast<size_t>(at_ - start));
  ++at_;
  return is_ascii || IsValidUtf8(raw) || Fail();
}

bool JsonCursor::Digits() {
  if (at_ == end_ || !IsDigit(*at_)) return Fail();
  while (at_ < end_ && IsDigit(*at_)) ++at_;
  return true;
}

bool JsonCursor::Integer(int64_t& value) {
  constexpr int64_t kLimit = std::numeric_limits<int64_t>::max();
  const bool negative = Peek() == '-';
  if (negative) ++at_;
  const char* start = at_;
  if (!Digits() || (*start == '0' && at_ - start > 1)) return Fail();
  int64_t number = 0;
  for (const char* digit = start; digit < at_; ++digit)
    number = number > (kLimit - 9) / 10 ? kLimit : number * 10 + (*digit - '0');
  if (at_ < end_ && *at_ == '.') {
    const char* fraction = ++at_;
    if (!Digits()) return false;
    if (std::any_of(fraction, at_, [](char digit) { return digit != '0'; })) number = kLimit;
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    number = kLimit;
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!Digits()) return false;
  }
  value = negative ? -number : number;
  return true;
}

bool JsonCursor::Literal(std::string_view word) {
  if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) return Fail();
  at_ += word.size();
  return true;
}

bool JsonCursor::Bool(bool& value) {
  value = Peek() == 't';
  return Literal(value ? "true" : "false");
}

bool JsonCursor::Skip() {
  std::string_view text;
  int64_t number = 0;
  switch (Peek()) {
    case '{':
      for (EnterObject(); NextKey(text);) Skip();
      return !failed_;
    case '[':
      for (EnterArray(); NextElement();) Skip();
      return !failed_;
    case '"':
      return String(text);
    case 't':
      return Literal("true");
    case 'f':
      return Literal("false");
    case 'n':
      return Literal("null");
    default:
      return Integer(number);
  }
}

}  // namespace redline::lab
