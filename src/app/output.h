// How commands print: tables for people, JSON or YAML for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/command.h"

namespace redline::app {

// --output table|json|yaml.
Flag OutputFlag();
// Prints `value` as JSON or YAML when --output asks for it and returns true; else returns false.
bool PrintedForPrograms(const Arguments& arguments, const nlohmann::json& value);

// Columns padded to their widest cell, no trailing blanks. Cells are escaped.
std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows);

// A value for a cell of at most `width` bytes: text without quotes, the rest as JSON.
std::string CellOf(const nlohmann::json& value, size_t width);

// Whether standard error is a terminal: progress is drawn only there.
bool StderrIsTerminal();

}  // namespace redline::app
