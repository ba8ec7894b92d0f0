// Walks a JSON text without building anything: the lab's hot paths look at a few fields of millions
// of small documents. Everything walked over is validated (RFC 8259, UTF-8 too), so that a document
// walked to AtEnd() is JSON. After the first fault every call fails. Holds no memory of its own.
//
//   JsonCursor cursor(text);
//   std::string_view key;
//   for (cursor.EnterObject(); cursor.NextKey(key);)
//     if (key == "n") cursor.Integer(n); else cursor.Skip();
//   if (!cursor.AtEnd()) ...  // not JSON
#pragma once

#include <cstdint>
#include <string_view>

namespace redline::lab {

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  // The first byte of the next value (or ']', '}', ','); 0 at the end of the text.
  char Peek();
  // Whether nothing is wrong and nothing is left but blanks.
  bool AtEnd();
  bool failed() const { return failed_; }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }

  // Each of the following takes one value and fails when it is of another kind.
  bool EnterObject();
  bool NextKey(std::string_view& key);  // false: the object has ended. A value must follow
  bool EnterArray();
  bool NextElement();  // false: the array has ended. A value must follow
  // What stands between the quotes, escapes as they are.
  bool String(std::string_view& raw);
  // Whole numbers, clipped to int64_t's range. Others are valid, too, and give its limit (1.5,
  // 1e3).
  bool Integer(int64_t& value);
  bool Bool(bool& value);
  bool Skip();  // any value

 private:
  static constexpr int kMaxDepth = 64;

  bool Fail();
  bool Enter(char open);
  bool NextItem(char close);
  bool Literal(std::string_view word);
  bool Escape();
  bool Digits();

  const char* begin_;
  const char* at_;
  const char* end_;
  int depth_ = 0;
  bool first_ = false;  // nothing of the innermost container has been read
  bool failed_ = false;
};

}  // namespace redline::lab
