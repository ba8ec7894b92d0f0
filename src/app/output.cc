#include "app/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "spec/json.h"
#include "spec/yaml.h"

namespace redline::app {
namespace {

using nlohmann::json;

// Columns a string takes on a terminal: code points, counting East Asian wide ones as two.
size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if ((byte & 0xC0) == 0x80) continue;
    width += byte >= 0xE3 ? 2 : 1;
  }
  return width;
}

}  // namespace

Flag OutputFlag() {
  return {"output", "FORMAT", "how to print", "table", {"table", "json", "yaml"}};
}

bool PrintedForPrograms(const Arguments& arguments, const json& value) {
  const std::string format = arguments.Get("output");
  if (format == "json") {
    fmt::print("{}\n", value.dump(2, ' ', false, json::error_handler_t::replace));
  } else if (format == "yaml") {
    fmt::print("{}", spec::ToYaml(value));
  } else {
    return false;
  }
  return true;
}

std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> lines = {header};
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(EscapeControl(cell));
  }
  std::vector<size_t> widths(header.size(), 0);
  for (const auto& line : lines) {
    for (size_t column = 0; column < line.size(); ++column)
      widths[column] = std::max(widths[column], DisplayWidth(line[column]));
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row_text;
    for (size_t column = 0; column < line.size(); ++column) {
      row_text += line[column];
      if (column + 1 < line.size())
        row_text.append(widths[column] - DisplayWidth(line[column]) + 2, ' ');
    }
    text += row_text.substr(0, row_text.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string CellOf(const nlohmann::json& value, size_t width) {
  return Excerpt(value.is_string() ? value.get<std::string>() : spec::DumpJson(value), width);
}

bool StderrIsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace redline::app
