// A plan in a few numbers: for a dry run, and for the fingerprint of a result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workload/request_plan.h"

namespace redline::workload {

struct LengthSummary {
  int64_t total = 0;
  int64_t min = 0;
  int64_t max = 0;
  int64_t p50 = 0;  // nearest rank
  int64_t p90 = 0;
  int64_t p99 = 0;
  double mean = 0;
  // Of each power of two from 1 on: how many lengths are below the next one. [0]: lengths 0 and 1.
  std::vector<int64_t> histogram;
};

struct PlanSummary {
  int64_t num_requests = 0;
  int64_t num_sessions = 0;
  int64_t num_unknown_inputs = 0;  // texts of a dataset; not in `input`
  LengthSummary input;
  LengthSummary output;
  double last_intended_s = -1;  // -1: closed loop
  uint64_t dataset_hash = 0;
};

PlanSummary Summarize(const RequestPlan& plan);

// Tokens that a prefix cache, empty at first and never full, would find in all prompts together:
// the most that requests can owe each other. -1: not known, a text of the dataset is among them.
int64_t SharedPromptTokens(const RequestPlan& plan);

// Of everything that makes the requests: order, lengths, times (to the microsecond), sessions,
// classes and prompts. The same on every machine. Prompts of over 2^28 tokens in all are hashed
// every few requests only; what is left out follows from the same seed.
uint64_t DatasetHash(const RequestPlan& plan);
// Sixteen hexadecimal digits.
std::string FormatHash(uint64_t hash);

}  // namespace redline::workload
