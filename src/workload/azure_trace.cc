#include <fmt/format.h>

#include <optional>

#include "base/strings.h"
#include "workload/dataset_formats.h"

namespace redline::workload {
namespace {

constexpr size_t kMaxColumns = 64;

Result<size_t> FindColumn(const std::vector<std::string>& header, std::string_view name) {
  for (size_t index = 0; index < header.size(); ++index) {
    if (Trim(header[index]) == name) return index;
  }
  return InvalidArgument(
      fmt::format("there is no column {}; the first line must name TIMESTAMP, "
                  "ContextTokens and GeneratedTokens",
                  name));
}

Status ReadHeader(const std::vector<std::string>& cells, AzureColumns& columns) {
  RL_ASSIGN_OR_RETURN(columns.timestamp, FindColumn(cells, "TIMESTAMP"));
  RL_ASSIGN_OR_RETURN(columns.input_tokens, FindColumn(cells, "ContextTokens"));
  RL_ASSIGN_OR_RETURN(columns.output_tokens, FindColumn(cells, "GeneratedTokens"));
  columns.num_columns = cells.size();
  return OkStatus();
}

// Days from 1970-01-01 (H. Hinnant's algorithm).
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

// Digits of fixed places; nullopt when one is something else or out of [low, high].
std::optional<int64_t> Field(std::string_view text, size_t begin, size_t size, int64_t low,
                             int64_t high) {
  const std::string_view digits = text.substr(begin, size);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto number = ParseInt64(digits);
  if (!number || *number < low || *number > high) return std::nullopt;
  return number;
}

// "2023-11-16 18:17:03.9799600", or with "+00:00" behind it, in seconds since 1970. 2023's times as
// doubles are exact to a quarter of a microsecond.
std::optional<double> ParseTimestamp(std::string_view text) {
  if (text.ends_with("+00:00")) text.remove_suffix(6);
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto year = Field(text, 0, 4, 1970, 9999);
  const auto month = Field(text, 5, 2, 1, 12);
  const auto day = Field(text, 8, 2, 1, 31);
  const auto hour = Field(text, 11, 2, 0, 23);
  const auto minute = Field(text, 14, 2, 0, 59);
  const auto second = ParseDouble(text.substr(17));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (!(*second >= 0 && *second < 61)) return std::nullopt;
  const int64_t minutes = (DaysFromCivil(*year, *month, *day) * 24 + *hour) * 60 + *minute;
  return static_cast<double>(minutes) * 60 + *second;
}

Result<int32_t> ParseTokens(const std::string& cell, std::string_view column) {
  const auto number = ParseInt64(Trim(cell));
  if (!number)
    return InvalidArgument(
        fmt::format("{} is \"{}\"; expected a whole number of tokens", column, Excerpt(cell)));
  RL_RETURN_IF_ERROR(CheckTokens(column, *number));
  return static_cast<int32_t>(*number);
}

}  // namespace

Status AddAzureLine(std::string_view line, AzureColumns& columns, Dataset& dataset) {
  const std::vector<std::string> cells = Split(line, ',');
  if (cells.size() > kMaxColumns)
    return InvalidArgument(
        fmt::format("{} columns; at most {} are read", cells.size(), kMaxColumns));
  if (columns.num_columns == 0) return ReadHeader(cells, columns);
  if (cells.size() != columns.num_columns)
    return InvalidArgument(
        fmt::format("{} columns where the first line names {}", cells.size(), columns.num_columns));
  Dataset::Row row;
  const std::string& timestamp = cells[columns.timestamp];
  const auto seconds = ParseTimestamp(Trim(timestamp));
  if (!seconds)
    return InvalidArgument(fmt::format(
        "TIMESTAMP is \"{}\"; expected a time like 2023-11-16 18:17:03.98", Excerpt(timestamp)));
  row.timestamp_s = *seconds;
  RL_ASSIGN_OR_RETURN(row.input_tokens, ParseTokens(cells[columns.input_tokens], "ContextTokens"));
  RL_ASSIGN_OR_RETURN(row.output_tokens,
                      ParseTokens(cells[columns.output_tokens], "GeneratedTokens"));
  dataset.rows.push_back(row);
  return OkStatus();
}

Status CheckTokens(std::string_view name, int64_t num_tokens) {
  if (num_tokens >= 0 && num_tokens <= spec::kMaxLengthTokens) return OkStatus();
  return InvalidArgument(
      fmt::format("{} is {}; expected 0 to {} tokens", name, num_tokens, spec::kMaxLengthTokens));
}

}  // namespace redline::workload
