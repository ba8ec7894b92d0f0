// Measurements made up for tests.
#pragma once

#include <cmath>
#include <string>
#include <utility>

#include "lab/metrics/records_for_test.h"
#include "lab/report/named_measurement.h"

namespace redline::lab {

struct SampleShape {
  int concurrency = 8;
  int per_place = 40;
  int num_repeats = 1;
  double speed = 1;  // the higher the faster
  double failing_share = 0;
};

// A run whose requests' times wander and have a tail, without randomness from outside.
inline std::vector<RequestRecord> SampleRecords(const SampleShape& shape, int repeat) {
  uint64_t state = static_cast<uint64_t>(repeat) * 7919 + 12345;
  const auto uniform = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (static_cast<double>(state >> 33) + 0.5) / 2147483648.0;
  };
  auto records = ClosedLoop(shape.concurrency, shape.per_place, [&](int, int) {
    const double tail = -std::log(uniform());
    return (400 + 25 * shape.concurrency + 300 * tail) / shape.speed;
  });
  for (RequestRecord& record : records) {
    record.output_tokens = record.usage_output = record.num_events =
        20 + static_cast<int>(180 * uniform());
    record.input_tokens = 100 + static_cast<int>(900 * uniform());
    if (uniform() < shape.failing_share) record.outcome = Outcome::kTimeout;
  }
  return records;
}

inline Measurement SampleMeasurement(const SampleShape& shape) {
  Measurement measurement;
  measurement.tool_version = "0.1.0";
  measurement.command_line = "redline bench --url http://127.0.0.1:8080 --model smollm2";
  measurement.started_at_ms = 1'750'000'000'000;
  measurement.target = "http://127.0.0.1:8080";
  measurement.model = "smollm2-135m-instruct";
  measurement.api = "chat";
  measurement.workload_name = "sharegpt";
  measurement.workload = R"({"name":"sharegpt","concurrency":)" +
                         std::to_string(shape.concurrency) + R"(,"seed":{"nested":[1,2]}})";
  measurement.seed = 7;
  measurement.environment = {{"cpu", "Some CPU, 2 cores"}, {"kernel", "6.1"}};
  for (int repeat = 0; repeat < shape.num_repeats; ++repeat) {
    const auto records = SampleRecords(shape, repeat);
    Histogram gaps;
    for (const RequestRecord& record : records) {
      if (record.num_events > 1)
        gaps.Record((record.last_token_ns - record.first_token_ns) / (record.num_events - 1),
                    static_cast<uint64_t>(record.num_events - 1));
    }
    const auto count = static_cast<int64_t>(records.size());
    RunFacts facts{.started_at_ms = 1'750'000'000'000 + repeat * 60'000,
                   .outcomes = {{"ok", count, ""}},
                   .health = {.client_cpu_share_max = 0.12,
                              .read_delay_p99_ms = 0.08,
                              .headroom = 21.5,
                              .num_planned = count,
                              .num_sent = count}};
    if (shape.failing_share > 0)
      facts.outcomes.push_back({"timeout", count / 20 + 1, "no event for 30 s"});
    measurement.repeats.push_back(
        MakeRunResult({.records = records, .gaps_ns = &gaps}, std::move(facts)));
  }
  SummariseRepeats(measurement);
  for (const char* figure :
       {"output_tps", "total_tps", "ttft_ms.p50", "ttft_ms.p99", "tpot_ms.p50", "e2e_ms.p99"}) {
    if (const auto value = FigureOf(measurement.summary, figure))
      measurement.intervals[figure] = {*value * 0.97, *value * 1.04, 0.95, "block bootstrap"};
  }
  return measurement;
}

}  // namespace redline::lab
