#include "lab/load/thread_stats.h"

namespace redline::lab {

void ThreadStats::CountOutputs(const RequestRecord& record, int32_t count, int64_t last_ns,
                               int64_t now_ns) {
  if (last_ns < 0) {
    ttft_ns.Record(now_ns - record.sent_ns);
  } else {
    gaps_ns.Record(now_ns - last_ns);
  }
  if (count > 1) gaps_ns.Record(0, static_cast<uint64_t>(count - 1));
  const auto second = static_cast<size_t>(now_ns / 1'000'000'000);
  if (second >= output_events.size()) output_events.resize(second + 1);
  output_events[second] += static_cast<uint64_t>(count);
  num_output_events += static_cast<uint64_t>(count);
}

void ThreadStats::CountEnd(const RequestRecord& record, const std::string& error) {
  ++num_finished;
  const auto kind = static_cast<size_t>(record.outcome);
  if (++outcomes[kind] == 1) first_errors[kind] = error;
  if (record.ok()) e2e_ns.Record(record.end_ns - record.sent_ns);
}

}  // namespace redline::lab
