// Finds the end of one JSON value in a growing text, and checks it (RFC 8259) byte by byte. Time is
// linear in the text, memory one byte per open bracket. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redline::text {

class JsonScanner {
 public:
  // Forgets everything; the next byte starts a value (white space may come first).
  void Start();
  // Reads on, up to the value's end or the first byte that is wrong. Appends what it read to
  // `out`: the text itself, save that control characters inside strings, which models write and
  // JSON forbids, are escaped. Returns the number of bytes read. A number has no end of its own:
  // it is done when a byte that does not belong to it is seen (and left unread).
  size_t Scan(std::string_view text, std::string* out);
  bool done() const { return state_ == State::kDone; }
  bool failed() const { return state_ == State::kFailed; }

 private:
  enum class State {
    kValue,
    kFirstItem,  // after "[": a value or "]"
    kFirstKey,   // after "{": a key or "}"
    kKey,
    kColon,
    kAfterValue,  // "," or a closing bracket
    kString,      // inside a string, to kLiteral: inside true, false, null
    kEscape,
    kHex,
    kLiteral,
    kMinus,  // inside a number, to kExponentDigits
    kZero,
    kInteger,
    kDot,
    kFraction,
    kExponent,
    kExponentSign,
    kExponentDigits,
    kDone,
    kFailed,
  };

  enum class Reading { kTaken, kNotMine };

  Reading Read(char c);
  void ReadInside(char c);
  void ReadBetween(char c);
  void ReadValue(char c);
  void ReadAfterValue(char c);
  void ReadEscape(char c);
  Reading ReadNumber(char c);
  void Open(char bracket, State inside);
  void Close(char bracket);
  void EndValue();
  void Fail() { state_ = State::kFailed; }

  State state_ = State::kValue;
  std::string open_;  // '{' and '[', outermost first
  bool in_key_ = false;
  std::string_view literal_left_;
  int hex_left_ = 0;
};

}  // namespace redline::text
