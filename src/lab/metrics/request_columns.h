// The requests of a run as columns: what statistics and plots need of each, kept in the result
// file. In the order in which they were over, so that neighbours were in flight together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lab/request_record.h"

namespace redline::lab {

// Columns of equal length. Times in milliseconds after the run's begin or of duration; -1: it did
// not come to that.
struct RequestColumns {
  std::vector<int64_t> index;  // of the plan
  std::vector<double> start_ms;
  std::vector<double> end_ms;
  std::vector<double> ttft_ms;
  std::vector<double> tpot_ms;
  std::vector<double> e2e_ms;
  std::vector<int64_t> input_tokens;
  std::vector<int64_t> output_tokens;
  std::vector<int64_t> outcome;  // Outcome
  // Rows are in blocks of this many neighbours: all of the run's when it was small, else evenly
  // chosen blocks, so that what is true of neighbours stays true. 0: no rows.
  int64_t block_rows = 0;
  int64_t num_requests = 0;  // before blocks were left out

  size_t size() const { return index.size(); }
};

// All that were sent when there are at most `max_rows`; else whole blocks, about as many rows.
RequestColumns MakeColumns(std::span<const RequestRecord> records, size_t max_rows = 4096);

}  // namespace redline::lab
