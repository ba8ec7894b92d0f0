#include "platform/gateway/inference_request.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "net/json_body.h"

namespace redline::platform {
namespace {

using nlohmann::json;

constexpr size_t kMaxModelName = 256;
constexpr int kMaxDepth = 128;

// Picks the fields that matter out of the stream of a JSON text.
class Scanner : public nlohmann::json_sax<json> {
 public:
  bool null() override {
    if (At("stream_options")) options_are_object = true;  // as good as an empty one
    return Scalar();
  }
  bool boolean(bool value) override {
    if (At("stream")) stream = value;
    if (depth_ == 2 && in_stream_options_ && key_ == "include_usage") include_usage = value;
    return Scalar();
  }
  bool number_integer(number_integer_t) override { return Scalar(); }
  bool number_unsigned(number_unsigned_t) override { return Scalar(); }
  bool number_float(number_float_t, const string_t&) override { return Scalar(); }
  bool string(string_t& value) override {
    if (At("model") && value.size() <= kMaxModelName) model = value;
    return Scalar();
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(); }
  bool start_array(size_t) override {
    is_object = is_object && depth_ > 0;
    return Open();
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(string_t& name) override {
    if (depth_ <= 2) key_ = name;
    if (At("stream_options")) {
      has_stream_options = true;
      options_are_object = false;
    }
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  std::optional<std::string> model;
  bool stream = false;
  bool is_object = true;
  bool has_stream_options = false;
  bool options_are_object = false;
  std::optional<bool> include_usage;

 private:
  bool At(std::string_view name) const { return depth_ == 1 && key_ == name; }
  bool Scalar() {
    is_object = is_object && depth_ > 0;
    return true;
  }
  bool Open() {
    if (At("stream_options")) in_stream_options_ = options_are_object = true;
    return ++depth_ <= kMaxDepth;
  }
  bool Close() {
    if (--depth_ == 1) in_stream_options_ = false;
    return true;
  }

  int depth_ = 0;
  std::string key_;  // the last one at depth 1 or 2
  bool in_stream_options_ = false;
};

// The same body with stream_options.include_usage set.
Result<std::string> AskForUsage(std::string body, const Scanner& seen) {
  if (!seen.has_stream_options) {
    body.insert(body.find('{') + 1, R"("stream_options":{"include_usage":true},)");
    return body;
  }
  RL_ASSIGN_OR_RETURN(json parsed, net::ParseJsonObject(body));
  parsed["stream_options"]["include_usage"] = true;
  return parsed.dump();
}

}  // namespace

Result<InferenceRequest> ParseInferenceRequest(std::string text) {
  Scanner seen;
  const bool is_json =
      text.find('\0') == std::string::npos && json::sax_parse(text.begin(), text.end(), &seen);
  // The full parser says what is wrong.
  if (!is_json || !seen.is_object) {
    const Status refused = net::ParseJsonObject(text).status();
    return refused.ok() ? InvalidArgument("the body is not a JSON object") : refused;
  }
  if (!seen.model)
    return InvalidArgument("model is required: the name of a deployment, as GET /v1/models lists",
                           "model");
  InferenceRequest request;
  request.model = *seen.model;
  request.stream = seen.stream;
  // Odd stream_options are left as they are: the engine's error names them.
  const bool odd = seen.has_stream_options && !seen.options_are_object;
  request.strip_usage = seen.stream && !odd && !seen.include_usage.value_or(false);
  if (request.strip_usage) {
    RL_ASSIGN_OR_RETURN(request.body, AskForUsage(std::move(text), seen));
  } else {
    request.body = std::move(text);
  }
  return request;
}

}  // namespace redline::platform
