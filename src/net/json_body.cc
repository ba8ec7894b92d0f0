#include "net/json_body.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace redline::net {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxExcerptBytes = 40;

std::string CutUtf8(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  text = text.substr(0, max_bytes);
  return std::string(text.substr(0, CompleteUtf8Prefix(text))) + "...";
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: REASON; last read: '...'" to
// the middle part; the tail may be as long as the body.
std::string Reason(const char* what) {
  std::string_view text = what;
  if (const size_t end = text.find("] "); end != text.npos) text.remove_prefix(end + 2);
  text = text.substr(0, text.find("; last read"));
  return CutUtf8(text, 200);
}

// Builds the document, holding the limits while it grows. Owned by one ParseJson call.
class Builder : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return Add(Json()) != nullptr; }
  bool boolean(bool value) override { return Add(Json(value)) != nullptr; }
  bool number_integer(number_integer_t value) override { return Add(Json(value)) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return Add(Json(value)) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override {
    return Add(Json(value)) != nullptr;
  }
  bool string(string_t& value) override { return Add(Json(std::move(value))) != nullptr; }
  bool binary(binary_t&) override { return Fail("binary values are not JSON"); }
  bool start_object(size_t) override { return Open(Json::object()); }
  bool start_array(size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    auto [entry, is_new] = open_.back()->get_ref<Json::object_t&>().try_emplace(name);
    if (!is_new) return Fail(fmt::format("duplicate key {}", JsonString(CutUtf8(name, 40))));
    slot_ = &entry->second;
    return true;
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    return Fail(Reason(error.what()));
  }

  const std::string& failure() const { return failure_; }
  Json Take() { return std::move(root_); }

 private:
  bool Fail(std::string reason) {
    failure_ = std::move(reason);
    return false;
  }

  Json* Add(Json value) {
    if (++num_values_ > limits_.max_values) {
      Fail(fmt::format("more than {} values", limits_.max_values));
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_object()) {
      *slot_ = std::move(value);
      return slot_;
    }
    auto& items = open_.back()->get_ref<Json::array_t&>();
    items.push_back(std::move(value));
    return &items.back();
  }

  bool Open(Json value) {
    if (static_cast<int>(open_.size()) >= limits_.max_depth)
      return Fail(fmt::format("nested deeper than {} levels", limits_.max_depth));
    Json* added = Add(std::move(value));
    if (added == nullptr) return false;
    open_.push_back(added);
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const JsonLimits limits_;
  Json root_;
  std::vector<Json*> open_;  // arrays and objects not closed yet, outermost first
  Json* slot_ = nullptr;     // where the value of the last key goes
  size_t num_values_ = 0;
  std::string failure_;
};

void AppendEscaped(std::string& out, unsigned char byte) {
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
  }
}

bool NeedsEscape(unsigned char byte) {
  return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F;
}

// Bytes of the valid UTF-8 sequence at the start of `text`, or 0.
size_t SequenceLength(std::string_view text) {
  for (size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (IsValidUtf8(text.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return Status(Code::kTooLarge, fmt::format("the JSON body has {} bytes; the limit is {}",
                                               text.size(), limits.max_bytes));
  }
  if (text.empty()) return InvalidArgument("the body is empty; a JSON text was expected");
  // The parser would take a NUL for the end of the text.
  if (text.find('\0') != text.npos)
    return InvalidArgument("the body is not valid JSON: it holds a NUL byte");
  Builder builder(limits);
  try {
    if (Json::sax_parse(text.begin(), text.end(), &builder)) return builder.Take();
  } catch (const std::exception& error) {
    return InvalidArgument("the body is not valid JSON: " + Reason(error.what()));
  }
  return InvalidArgument("the body is not valid JSON: " + builder.failure());
}

Result<Json> ParseJsonObject(std::string_view text, const JsonLimits& limits) {
  RL_ASSIGN_OR_RETURN(Json value, ParseJson(text, limits));
  if (!value.is_object()) {
    return InvalidArgument(
        fmt::format("the body must be a JSON object, got {}", JsonExcerpt(value)));
  }
  return value;
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && static_cast<unsigned char>(text[plain]) < 0x80 &&
           !NeedsEscape(static_cast<unsigned char>(text[plain])))
      ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text[0]);
    if (byte < 0x80) {
      AppendEscaped(out, byte);
      text.remove_prefix(1);
      continue;
    }
    const size_t length = SequenceLength(text);
    out.append(length > 0 ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD"));
    text.remove_prefix(length > 0 ? length : 1);
  }
  out += '"';
}

std::string JsonString(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  AppendJsonString(out, text);
  return out;
}

std::string JsonExcerpt(const Json& value) {
  if (value.is_object()) return value.empty() ? "{}" : "an object";
  if (value.is_array()) return value.empty() ? "[]" : "an array";
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return CutUtf8(JsonString(std::string_view(text).substr(0, 2 * kMaxExcerptBytes)),
                   kMaxExcerptBytes);
  }
  return value.dump();
}

}  // namespace redline::net
