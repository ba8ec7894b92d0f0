// Runs made up for tests.
#pragma once

#include <vector>

#include "lab/request_record.h"

namespace redline::lab {

inline int64_t Ns(double milliseconds) { return static_cast<int64_t>(milliseconds * 1e6); }

// A request that was answered well. Times in ms.
struct Answer {
  double intended = 0;
  double sent = 0;
  double first = 0;
  double last = 0;
  double end = 0;
  int input_tokens = 10;
  int output_tokens = 10;
};

inline RequestRecord MakeRecord(const Answer& answer) {
  RequestRecord record;
  record.intended_ns = Ns(answer.intended);
  record.sent_ns = Ns(answer.sent);
  record.head_ns = Ns(answer.first);
  record.first_token_ns = Ns(answer.first);
  record.last_token_ns = Ns(answer.last);
  record.end_ns = Ns(answer.end);
  record.input_tokens = answer.input_tokens;
  record.output_tokens = answer.output_tokens;
  record.usage_output = answer.output_tokens;
  record.num_events = answer.output_tokens;
  record.outcome = Outcome::kOk;
  return record;
}

// Closed loop: `concurrency` places, each answers `per_place` requests one after the other. Request
// i of a place takes service_ms(place, i).
template <typename Service>
std::vector<RequestRecord> ClosedLoop(int concurrency, int per_place, Service service_ms) {
  std::vector<RequestRecord> records;
  for (int place = 0; place < concurrency; ++place) {
    double now = 0;
    for (int i = 0; i < per_place; ++i) {
      const double took = service_ms(place, i);
      records.push_back(MakeRecord({.intended = now,
                                    .sent = now,
                                    .first = now + took / 10,
                                    .last = now + took,
                                    .end = now + took}));
      records.back().index = static_cast<uint32_t>(i * concurrency + place);
      now += took;
    }
  }
  return records;
}

}  // namespace redline::lab
