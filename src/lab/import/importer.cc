#include "lab/import/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/strings.h"
#include "lab/import/formats.h"
#include "net/json_body.h"

namespace redline::lab {
namespace {

using nlohmann::json;

constexpr uint64_t kMostBytes = uint64_t{256} << 20;
constexpr net::JsonLimits kLimits = {
    .max_bytes = kMostBytes, .max_depth = 64, .max_values = size_t{16} << 20};
constexpr size_t kMostLines = 10'000;  // empty ones, too

struct Format {
  bool (*looks_like)(const json& document);
  Result<std::vector<Measurement>> (*read)(const json& document);
};
constexpr Format kFormats[] = {
    {LooksLikeVllm, FromVllm}, {LooksLikeGuidellm, FromGuidellm}, {LooksLikeAiperf, FromAiperf}};

Result<std::vector<Measurement>> OwnResult(std::string_view text) {
  RL_ASSIGN_OR_RETURN(Measurement measurement, MeasurementFromJson(text));
  return std::vector<Measurement>{std::move(measurement)};
}

// Each non-empty line a JSON text.
Result<std::vector<json>> ParseLines(std::string_view text) {
  std::vector<json> documents;
  for (size_t number = 1; !text.empty(); ++number) {
    if (number > kMostLines) return InvalidArgument(fmt::format("more than {} lines", kMostLines));
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (Trim(line).empty()) continue;
    auto parsed = net::ParseJson(line, kLimits);
    if (!parsed.ok()) return parsed.status().WithContext(fmt::format("line {}", number));
    documents.push_back(std::move(*parsed));
  }
  return documents;
}

// One object in all, or one a line.
Result<std::vector<json>> ParseDocuments(std::string_view text) {
  auto whole = net::ParseJson(text, kLimits);
  if (whole.ok()) return std::vector<json>{std::move(*whole)};
  auto lines = ParseLines(text);
  // Only a file whose first line stands alone is a file of lines.
  const auto first = net::ParseJson(text.substr(0, text.find('\n')), kLimits);
  if (!lines.ok() && !first.ok()) return whole.status();
  return lines;
}

}  // namespace

Result<std::vector<Measurement>> ImportResults(std::string_view text) {
  RL_ASSIGN_OR_RETURN(const std::vector<json> documents, ParseDocuments(text));
  if (documents.empty()) return InvalidArgument("the file is empty");
  const json& first = documents.front();
  if (first.is_object() && first.contains("schema_version") && first.contains("repeats"))
    return OwnResult(text);
  if (LooksLikeSglang(first)) return FromSglang(documents);
  for (const Format& format : kFormats) {
    if (documents.size() == 1 && format.looks_like(first)) return format.read(first);
  }
  return InvalidArgument(
      "no result of redline bench, vllm bench serve (--save-result), SGLang bench_serving "
      "(--output-file), GuideLLM (benchmarks.json) or AIPerf (profile_export_aiperf.json); it "
      "begins "
      "with " +
      net::JsonExcerpt(first));
}

Result<Measurement> ImportFile(const std::string& path) {
  const size_t mark = path.rfind('#');
  const auto number = mark == std::string::npos
                          ? std::nullopt
                          : ParseInt64(std::string_view(path).substr(mark + 1));
  const std::string file = number ? path.substr(0, mark) : path;
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMostBytes));
  auto imported = ImportResults(text);
  if (!imported.ok()) return imported.status().WithContext(file);
  const auto count = static_cast<int64_t>(imported->size());
  if (count == 0) return InvalidArgument(file + " has no benchmark in it");
  if (!number && count > 1)
    return InvalidArgument(
        fmt::format("{} has {} benchmarks: say which, for example {}#1", file, count, file));
  const int64_t chosen = number.value_or(1);
  if (chosen < 1 || chosen > count)
    return InvalidArgument(
        fmt::format("{}#{}: the file has benchmarks 1 to {}", file, chosen, count));
  return std::move((*imported)[static_cast<size_t>(chosen - 1)]);
}

}  // namespace redline::lab
