#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "net/json_body.h"
#include "workload/dataset_formats.h"
#include "workload/line_reader.h"

namespace redline::workload {
namespace {

using nlohmann::json;

constexpr double kMaxTimestampSeconds = 1e12;  // far beyond any Unix time

Result<json> ParseLine(std::string_view line) {
  static constexpr net::JsonLimits kLimits = {
      .max_bytes = LineReader::kMaxLineBytes, .max_depth = 16, .max_values = 1 << 18};
  return net::ParseJsonObject(line, kLimits);
}

// The field as it was found, or null.
const json* FindField(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Status WrongField(const char* name, const json& value, const char* expected) {
  return InvalidArgument(
      fmt::format("\"{}\" is {}; expected {}", name, net::JsonExcerpt(value), expected));
}

// -1 where it is absent.
Result<int32_t> TokensOf(const json& object, const char* name) {
  const json* value = FindField(object, name);
  if (value == nullptr) return -1;
  const bool integer = value->is_number_integer() || value->is_number_unsigned();
  constexpr uint64_t kFarTooMany = uint64_t{1} << 62;
  if (!integer || (value->is_number_unsigned() && value->get<uint64_t>() > kFarTooMany))
    return WrongField(name, *value, "a whole number of tokens");
  const auto num_tokens = value->get<int64_t>();
  RL_RETURN_IF_ERROR(CheckTokens(name, num_tokens));
  return static_cast<int32_t>(num_tokens);
}

// -1 where it is absent.
Result<double> TimestampOf(const json& object, double seconds_per_unit) {
  const json* value = FindField(object, "timestamp");
  if (value == nullptr) return -1.0;
  const double seconds = value->is_number() ? value->get<double>() * seconds_per_unit : -1;
  if (!(seconds >= 0 && seconds <= kMaxTimestampSeconds))
    return WrongField("timestamp", *value, "a number that is not negative");
  return seconds;
}

Status AddBlocks(const json& hash_ids, Dataset& dataset, Dataset::Row& row) {
  if (!hash_ids.is_array()) return WrongField("hash_ids", hash_ids, "a list of integers");
  if (dataset.block_ids.size() + hash_ids.size() > kMaxDatasetBlocks)
    return InvalidArgument(
        fmt::format("the file names more than {} blocks; set num_requests", kMaxDatasetBlocks));
  row.payload_begin = dataset.block_ids.size();
  row.payload_size = static_cast<uint32_t>(hash_ids.size());
  for (const json& id : hash_ids) {
    if (!id.is_number_unsigned())
      return WrongField("hash_ids", id, "integers that are not negative");
    dataset.block_ids.push_back(id.get<uint64_t>());
  }
  return OkStatus();
}

Status AddText(const json& prompt, Dataset& dataset, Dataset::Row& row) {
  if (!prompt.is_string() || prompt.get_ref<const std::string&>().empty())
    return WrongField("prompt", prompt, "a text that is not empty");
  const auto& text = prompt.get_ref<const std::string&>();
  if (dataset.text.size() + text.size() > kMaxDatasetTextBytes)
    return InvalidArgument(fmt::format("the prompts are over {} MiB in all; set num_requests",
                                       kMaxDatasetTextBytes >> 20));
  row.payload_begin = dataset.text.size();
  row.payload_size = static_cast<uint32_t>(text.size());
  dataset.text += text;
  return OkStatus();
}

}  // namespace

Status AddMooncakeLine(std::string_view line, Dataset& dataset) {
  RL_ASSIGN_OR_RETURN(const json object, ParseLine(line));
  Dataset::Row row;
  RL_ASSIGN_OR_RETURN(row.timestamp_s, TimestampOf(object, 1e-3));
  RL_ASSIGN_OR_RETURN(row.input_tokens, TokensOf(object, "input_length"));
  RL_ASSIGN_OR_RETURN(row.output_tokens, TokensOf(object, "output_length"));
  if (row.timestamp_s < 0 || row.input_tokens < 0 || row.output_tokens < 0)
    return InvalidArgument("\"timestamp\", \"input_length\" and \"output_length\" are needed");
  const json* hash_ids = FindField(object, "hash_ids");
  if (hash_ids != nullptr) RL_RETURN_IF_ERROR(AddBlocks(*hash_ids, dataset, row));
  dataset.rows.push_back(row);
  return OkStatus();
}

Status AddJsonLine(std::string_view line, Dataset& dataset) {
  RL_ASSIGN_OR_RETURN(const json object, ParseLine(line));
  Dataset::Row row;
  RL_ASSIGN_OR_RETURN(row.timestamp_s, TimestampOf(object, 1));
  RL_ASSIGN_OR_RETURN(row.input_tokens, TokensOf(object, "prompt_tokens"));
  RL_ASSIGN_OR_RETURN(row.output_tokens, TokensOf(object, "max_tokens"));
  const json* prompt = FindField(object, "prompt");
  if (prompt == nullptr && row.input_tokens < 0)
    return InvalidArgument("there is neither \"prompt\" nor \"prompt_tokens\"");
  if (prompt != nullptr) RL_RETURN_IF_ERROR(AddText(*prompt, dataset, row));
  dataset.rows.push_back(row);
  return OkStatus();
}

}  // namespace redline::workload
