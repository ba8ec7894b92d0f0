// One line of each dataset format as a row. Used by dataset.cc alone.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "workload/dataset.h"

namespace redline::workload {

// Where the columns stand; the header line tells.
struct AzureColumns {
  size_t num_columns = 0;  // 0: the header was not read yet
  size_t timestamp = 0;
  size_t input_tokens = 0;
  size_t output_tokens = 0;
};

// The first line sets `columns` and adds no row.
Status AddAzureLine(std::string_view line, AzureColumns& columns, Dataset& dataset);
Status AddMooncakeLine(std::string_view line, Dataset& dataset);
Status AddJsonLine(std::string_view line, Dataset& dataset);

// A number of tokens, from 0 to spec::kMaxLengthTokens.
Status CheckTokens(std::string_view name, int64_t num_tokens);

}  // namespace redline::workload
