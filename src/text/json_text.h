// JSON as text, without a tree: what parsers of answers, grammars and encoders of prompts share. A
// tree would lose the order of members, or take quadratic time to keep it, and would round numbers.
// Pure functions, linear in the text (PythonJson's recursion is bounded by the checked depth).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace redline::text {

// Appends `text` as the inside of a JSON string, as Python's json.dumps(ensure_ascii=False) does:
// only quotes, backslashes and control characters are escaped. Any bytes may be given, in pieces.
void AppendJsonEscaped(std::string_view text, std::string* out);

// A JSON text that has been checked: valid, not deeper than 128, no key twice in an object. A slice
// of text that somebody else owns.
class JsonText {
 public:
  // kInvalidArgument says what is wrong and where. `text` must outlive the result.
  static Result<JsonText> Check(std::string_view text);

  std::string_view text() const { return text_; }
  bool IsObject() const { return text_.front() == '{'; }
  bool IsArray() const { return text_.front() == '['; }
  bool IsString() const { return text_.front() == '"'; }
  bool IsNull() const { return text_ == "null"; }

  // Of an object, in their order.
  struct Member;
  std::vector<Member> Members() const;
  // Of an array.
  std::vector<JsonText> Items() const;
  // Of a string: what it stands for.
  std::string String() const;
  // As Python's json.dumps(json.loads(text), ensure_ascii=False) prints it.
  std::string Python() const;

 private:
  explicit JsonText(std::string_view text) : text_(text) {}

  std::string_view text_;  // without white space around it
};

struct JsonText::Member {
  std::string key;
  JsonText value;
};

}  // namespace redline::text
