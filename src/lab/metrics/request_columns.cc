#include "lab/metrics/request_columns.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lab/metrics/request_metrics.h"

namespace redline::lab {
namespace {

constexpr size_t kBlockRows = 64;

// Microseconds are enough, and keep the file small.
double Rounded(double milliseconds) { return std::round(milliseconds * 1e3) / 1e3; }

double Milliseconds(int64_t nanoseconds) {
  return nanoseconds < 0 ? -1 : Rounded(static_cast<double>(nanoseconds) / 1e6);
}

double OrMinusOne(std::optional<double> value) { return value ? Rounded(*value) : -1; }

std::vector<uint32_t> ByEnd(std::span<const RequestRecord> records) {
  std::vector<uint32_t> order;
  order.reserve(records.size());
  for (uint32_t i = 0; i < records.size(); ++i) {
    if (records[i].sent_ns >= 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
    return records[left].end_ns < records[right].end_ns;
  });
  return order;
}

void Append(const RequestRecord& record, RequestColumns& columns) {
  columns.index.push_back(record.index);
  columns.start_ms.push_back(Milliseconds(record.sent_ns));
  columns.end_ms.push_back(Milliseconds(record.end_ns));
  columns.ttft_ms.push_back(OrMinusOne(TtftMs(record)));
  columns.tpot_ms.push_back(OrMinusOne(TpotMs(record)));
  columns.e2e_ms.push_back(OrMinusOne(E2eMs(record)));
  columns.input_tokens.push_back(record.InputTokens());
  columns.output_tokens.push_back(record.OutputTokens());
  columns.outcome.push_back(static_cast<int64_t>(record.outcome));
}

}  // namespace

RequestColumns MakeColumns(std::span<const RequestRecord> records, size_t max_rows) {
  const std::vector<uint32_t> order = ByEnd(records);
  RequestColumns columns;
  columns.num_requests = static_cast<int64_t>(order.size());
  const bool all = order.size() <= max_rows;
  columns.block_rows = static_cast<int64_t>(all ? order.size() : kBlockRows);
  const size_t num_blocks = (order.size() + kBlockRows - 1) / kBlockRows;
  const size_t kept = std::max<size_t>(1, max_rows / kBlockRows);
  for (size_t i = 0; i < order.size(); ++i) {
    // Block b is kept when b * kept / num_blocks takes a step: `kept` blocks, evenly spread.
    const size_t block = i / kBlockRows;
    const bool chosen = all || (block * kept) % num_blocks < kept;
    if (chosen) Append(records[order[i]], columns);
  }
  return columns;
}

}  // namespace redline::lab
