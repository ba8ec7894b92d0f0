// How far a client's stamps are from what the mock server says it did.
#pragma once

#include <filesystem>
#include <span>

#include "base/status.h"
#include "lab/histogram.h"
#include "lab/mock/truth_log.h"

namespace redline::lab {

// Absolute differences, in nanoseconds. TTFT: the client's from sending, the server's from having
// read the request. Gaps: every single one between two tokens.
struct TimingErrors {
  Histogram ttft_ns;
  Histogram gaps_ns;
};

// `samples`: raw samples of a run with request_ids. kDataLoss: requests or tokens of one side are
// missing on the other.
Result<TimingErrors> CompareTiming(std::span<const TruthEvent> truth,
                                   const std::filesystem::path& samples);

}  // namespace redline::lab
