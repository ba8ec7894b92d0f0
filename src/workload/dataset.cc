#include "workload/dataset.h"

#include <fmt/format.h>

#include "workload/dataset_formats.h"
#include "workload/line_reader.h"

namespace redline::workload {
namespace {

using Format = spec::DatasetSpec::Format;

// Adds one line's row.
Status AddLine(Format format, std::string_view line, AzureColumns& columns, Dataset& dataset) {
  if (format == Format::kAzure) return AddAzureLine(line, columns, dataset);
  return format == Format::kMooncake ? AddMooncakeLine(line, dataset) : AddJsonLine(line, dataset);
}

}  // namespace

Result<Dataset> ReadDataset(const spec::DatasetSpec& spec, int64_t max_rows) {
  RL_ASSIGN_OR_RETURN(auto reader, LineReader::Open(spec.path));
  const auto wanted = static_cast<size_t>(max_rows > 0 ? max_rows : spec::kMaxRequests);
  Dataset dataset;
  AzureColumns columns;
  std::string_view line;
  while (true) {
    RL_ASSIGN_OR_RETURN(const bool more, reader.Next(line));
    if (!more) break;
    if (dataset.rows.size() == wanted) {
      if (max_rows > 0) break;
      return reader.Wrong(
          fmt::format("the file has more than {} requests; set num_requests", spec::kMaxRequests));
    }
    RL_RETURN_IF_ERROR(reader.At(AddLine(spec.format, line, columns, dataset)));
  }
  if (dataset.rows.empty()) return reader.Wrong("the file has no requests");
  return dataset;
}

}  // namespace redline::workload
