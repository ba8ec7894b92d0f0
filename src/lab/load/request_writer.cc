#include "lab/load/request_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "net/json_body.h"

namespace redline::lab {
namespace {

using nlohmann::json;

constexpr size_t kLengthDigits = 10;
constexpr std::string_view kPaths[] = {"/v1/chat/completions", "/v1/completions", "/generate"};
// What the generator decides itself.
constexpr std::string_view kOwnFields[] = {
    "model",     "stream",     "stream_options",        "messages",       "prompt", "text",
    "input_ids", "max_tokens", "max_completion_tokens", "sampling_params"};

Result<json> ExtraFields(const LoadOptions& options) {
  if (options.extra_json.empty()) return json::object();
  RL_ASSIGN_OR_RETURN(json extra, net::ParseJson(options.extra_json));
  if (!extra.is_object())
    return InvalidArgument("extra_json must be a JSON object such as {\"top_p\":0.9}, got " +
                               Excerpt(options.extra_json),
                           "extra_json");
  for (const std::string_view name : kOwnFields)
    if (extra.contains(name))
      return InvalidArgument(
          fmt::format("extra_json holds \"{}\", which the workload decides: leave it out", name),
          "extra_json");
  return extra;
}

// Fields of every request, without the braces.
Result<std::string> CommonFields(const LoadOptions& options) {
  RL_ASSIGN_OR_RETURN(json fields, ExtraFields(options));
  json sampling = {{"temperature", options.temperature}};
  if (options.ignore_eos) sampling["ignore_eos"] = true;
  fields["stream"] = options.stream;
  if (!options.model.empty() && options.api != Api::kGenerate) fields["model"] = options.model;
  if (options.api != Api::kGenerate) {
    sampling.update(fields);
    fields = std::move(sampling);
    if (options.stream) fields["stream_options"] = {{"include_usage", true}};
    const std::string text = fields.dump();
    return text.substr(1, text.size() - 2) + ",\"max_tokens\":";
  }
  for (const char* name : {"temperature", "ignore_eos"}) {
    if (fields.contains(name)) sampling[name] = fields[name];
    fields.erase(name);
  }
  const std::string text = fields.dump();
  const std::string inner = sampling.dump();
  return text.substr(1, text.size() - 2) +
         ",\"sampling_params\":" + inner.substr(0, inner.size() - 1) + ",\"max_new_tokens\":";
}

Result<std::string> HeadOf(const LoadOptions& options, std::string_view host,
                           std::string_view base_path) {
  std::string head =
      fmt::format("POST {}{} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", base_path,
                  kPaths[static_cast<size_t>(options.api)], host);
  for (const auto& [name, value] : options.headers) {
    const std::string line = name + ": " + value;
    if (line.find_first_of("\r\n") != line.npos)
      return InvalidArgument("the header \"" + EscapeControl(name) + "\" holds a line break",
                             "headers");
    head += line + "\r\n";
  }
  return head + "Content-Length: ";
}

Status CheckPrompt(const LoadOptions& options) {
  std::string prompt;
  options.prompts->AppendJson(*options.plan, 0, prompt);
  if (options.api == Api::kChat && prompt.starts_with('['))
    return InvalidArgument(
        "the chat API takes text, but the workload's prompts are token ids: use completions or "
        "generate, or prompts of text",
        "api");
  return OkStatus();
}

}  // namespace

Result<RequestWriter> RequestWriter::Make(const LoadOptions& options, std::string_view host,
                                          std::string_view base_path) {
  if (options.plan->size() > 0) RL_RETURN_IF_ERROR(CheckPrompt(options));
  RequestWriter writer;
  writer.options_ = &options;
  RL_ASSIGN_OR_RETURN(writer.head_, HeadOf(options, host, base_path));
  RL_ASSIGN_OR_RETURN(const std::string fields, CommonFields(options));
  writer.body_begin_ = "{" + fields;
  switch (options.api) {
    case Api::kChat:
      writer.body_middle_ = R"(,"messages":[{"role":"user","content":)";
      writer.body_end_ = "}]}";
      break;
    case Api::kCompletions:
      writer.body_middle_ = R"(,"prompt":)";
      writer.body_end_ = "}";
      break;
    case Api::kGenerate:
      writer.body_middle_ = "},";
      writer.body_end_ = "}";
      break;
  }
  return writer;
}

void RequestWriter::Write(size_t index, int32_t output_tokens, std::string& out) const {
  out = head_;
  // The length is known last: blanks before a header's value mean nothing.
  out.append(kLengthDigits, ' ');
  const size_t length_end = out.size();
  if (options_->request_ids) fmt::format_to(std::back_inserter(out), "\r\nX-Request-Id: {}", index);
  out += "\r\n\r\n";
  const size_t body = out.size();
  out += body_begin_;
  fmt::format_to(std::back_inserter(out), "{}", output_tokens);
  out += body_middle_;
  const size_t prompt = out.size();
  options_->prompts->AppendJson(*options_->plan, index, out);
  if (options_->api == Api::kGenerate)
    out.insert(prompt, out[prompt] == '[' ? "\"input_ids\":" : "\"text\":");
  out += body_end_;
  char digits[kLengthDigits];
  const char* end = std::to_chars(digits, digits + kLengthDigits, out.size() - body).ptr;
  std::copy_backward(static_cast<const char*>(digits), end, out.begin() + length_end);
}

}  // namespace redline::lab
