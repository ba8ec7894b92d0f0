#include "lab/load/event_scanner.h"

#include <algorithm>
#include <limits>

#include "lab/json_cursor.h"

namespace redline::lab {
namespace {

// The objects that hold fields of interest.
enum class Place : uint8_t { kTop, kChoice, kDelta, kUsage, kPromptDetails, kMeta };

enum class Meaning : uint8_t {
  kText,  // output when not empty
  kList,  // output when not empty
  kFinishReason,
  kError,
  kPromptTokens,
  kCompletionTokens,
  kCachedTokens,
  kObject,   // `inner`
  kObjects,  // a list of `inner`
};

struct Field {
  Place place;
  std::string_view key;
  Meaning meaning;
  Place inner = Place::kTop;
};

constexpr Field kFields[] = {
    {Place::kTop, "choices", Meaning::kObjects, Place::kChoice},
    {Place::kTop, "usage", Meaning::kObject, Place::kUsage},
    {Place::kTop, "error", Meaning::kError},
    {Place::kTop, "text", Meaning::kText},        // /generate
    {Place::kTop, "output_ids", Meaning::kList},  // /generate
    {Place::kTop, "meta_info", Meaning::kObject, Place::kMeta},
    {Place::kChoice, "delta", Meaning::kObject, Place::kDelta},
    {Place::kChoice, "message", Meaning::kObject, Place::kDelta},
    {Place::kChoice, "text", Meaning::kText},
    {Place::kChoice, "token_ids", Meaning::kList},
    {Place::kChoice, "finish_reason", Meaning::kFinishReason},
    {Place::kDelta, "content", Meaning::kText},
    {Place::kDelta, "reasoning_content", Meaning::kText},
    {Place::kDelta, "reasoning", Meaning::kText},
    {Place::kDelta, "refusal", Meaning::kText},
    {Place::kDelta, "tool_calls", Meaning::kList},
    {Place::kUsage, "prompt_tokens", Meaning::kPromptTokens},
    {Place::kUsage, "completion_tokens", Meaning::kCompletionTokens},
    {Place::kUsage, "prompt_tokens_details", Meaning::kObject, Place::kPromptDetails},
    {Place::kPromptDetails, "cached_tokens", Meaning::kCachedTokens},
    {Place::kMeta, "prompt_tokens", Meaning::kPromptTokens},
    {Place::kMeta, "completion_tokens", Meaning::kCompletionTokens},
    {Place::kMeta, "cached_tokens", Meaning::kCachedTokens},
    {Place::kMeta, "finish_reason", Meaning::kFinishReason},
};

const Field* FindField(Place place, std::string_view key) {
  for (const Field& field : kFields)
    if (field.place == place && field.key == key) return &field;
  return nullptr;
}

class EventWalk {
 public:
  explicit EventWalk(std::string_view json) : json_(json), cursor_(json) {
    Object(Place::kTop);
    facts_.is_json = cursor_.AtEnd();
  }

  const EventFacts& facts() const { return facts_; }
  // Whether the event tells nothing but one text.
  bool HasOneText() const {
    return facts_.is_json && num_outputs_ == 1 && !tells_more_ && is_text_;
  }
  std::string_view BeforeText() const { return json_.substr(0, text_begin_); }
  std::string_view AfterText() const { return json_.substr(text_end_); }

 private:
  // null stands for an absent object.
  void Object(Place place) {
    if (cursor_.Peek() == 'n' && place != Place::kTop) {
      cursor_.Skip();
      return;
    }
    std::string_view key;
    for (cursor_.EnterObject(); cursor_.NextKey(key);) {
      const Field* field = FindField(place, key);
      if (field == nullptr) {
        cursor_.Skip();
      } else {
        Value(*field);
      }
    }
  }

  void Value(const Field& field) {
    switch (field.meaning) {
      case Meaning::kText:
        return Text();
      case Meaning::kList:
        return List();
      case Meaning::kFinishReason:
        return NonNull(facts_.has_finish_reason);
      case Meaning::kError:
        return NonNull(facts_.has_error);
      case Meaning::kPromptTokens:
        return Count(facts_.prompt_tokens);
      case Meaning::kCompletionTokens:
        return Count(facts_.completion_tokens);
      case Meaning::kCachedTokens:
        return Count(facts_.cached_tokens);
      case Meaning::kObject:
        return Object(field.inner);
      case Meaning::kObjects:
        if (cursor_.Peek() != '[') {
          cursor_.Skip();
          return;
        }
        for (cursor_.EnterArray(); cursor_.NextElement();) Object(field.inner);
        return;
    }
  }

  void Text() {
    std::string_view text;
    if (cursor_.Peek() != '"') {
      List();  // a message's content may be a list of parts
      return;
    }
    if (!cursor_.String(text) || text.empty()) return;
    text_end_ = cursor_.offset() - 1;
    text_begin_ = text_end_ - text.size();
    is_text_ = true;
    CountOutput();
  }

  void List() {
    if (cursor_.Peek() != '[') {
      cursor_.Skip();
      return;
    }
    bool is_empty = true;
    for (cursor_.EnterArray(); cursor_.NextElement(); is_empty = false) cursor_.Skip();
    if (!is_empty) CountOutput();
  }

  void CountOutput() {
    facts_.has_output = true;
    ++num_outputs_;
  }

  void NonNull(bool& seen) {
    if (cursor_.Peek() != 'n') seen = tells_more_ = true;
    cursor_.Skip();
  }

  void Count(int32_t& count) {
    int64_t value = 0;
    if (cursor_.Peek() == 'n') {
      cursor_.Skip();
      return;
    }
    if (!cursor_.Integer(value)) return;
    tells_more_ = true;
    // -1 says that nothing was told: a negative count contradicts as 0.
    count =
        static_cast<int32_t>(std::clamp<int64_t>(value, 0, std::numeric_limits<int32_t>::max()));
  }

  std::string_view json_;
  JsonCursor cursor_;
  EventFacts facts_;
  int num_outputs_ = 0;
  bool is_text_ = false;
  bool tells_more_ = false;
  size_t text_begin_ = 0;
  size_t text_end_ = 0;
};

}  // namespace

EventFacts EventScanner::Scan(std::string_view json) {
  if (MatchesShape(json)) return {.is_json = true, .has_output = true};
  return Walk(json);
}

bool EventScanner::MatchesShape(std::string_view json) const {
  // The text between is not empty, and a JSON string that ends where the rest begins.
  if (before_text_.empty() || json.size() <= before_text_.size() + after_text_.size() ||
      !json.starts_with(before_text_) || !json.ends_with(after_text_))
    return false;
  JsonCursor cursor(json.substr(before_text_.size() - 1));
  std::string_view text;
  return cursor.String(text) &&
         before_text_.size() + text.size() + after_text_.size() == json.size();
}

EventFacts EventScanner::Walk(std::string_view json) {
  const EventWalk walk(json);
  if (walk.HasOneText()) {
    before_text_ = walk.BeforeText();
    after_text_ = walk.AfterText();
  }
  return walk.facts();
}

}  // namespace redline::lab
