// libFuzzer entry: the first byte chooses a format, the rest is a line of it (and, for CSV, the
// header before it).
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workload/dataset_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace redline::workload;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
  Dataset dataset;
  bool added = false;
  if (data[0] == 'a') {
    AzureColumns columns;
    if (!AddAzureLine("TIMESTAMP,ContextTokens,GeneratedTokens", columns, dataset).ok()) abort();
    added = AddAzureLine(line, columns, dataset).ok();
    AzureColumns from_line;
    (void)AddAzureLine(line, from_line, dataset).ok();
  } else if (data[0] == 'm') {
    added = AddMooncakeLine(line, dataset).ok();
  } else {
    added = AddJsonLine(line, dataset).ok();
  }
  if (added != (dataset.rows.size() == 1)) abort();
  for (const auto& row : dataset.rows) {
    const bool within = row.payload_begin + row.payload_size <=
                        (data[0] == 'm' ? dataset.block_ids.size() : dataset.text.size());
    if (!within || row.input_tokens > (1 << 21) || row.output_tokens > (1 << 21)) abort();
  }
  return 0;
}
