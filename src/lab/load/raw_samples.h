// Everything a run saw, event by event, in a file: a header of 16 bytes ("RLSAMPLE", version), then
// one RawSample after another in the machine's byte order. Samples of one request are in order of
// time; those of different requests mix.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>

#include "base/files.h"
#include "base/status.h"

namespace redline::lab {

struct RawSample {
  enum Kind : uint16_t { kSent, kHead, kOutput, kEnd };
  uint32_t index = 0;  // of the request
  uint16_t kind = kSent;
  uint16_t count = 0;   // kOutput: events that arrived together
  int64_t time_ns = 0;  // after the run's begin
};
static_assert(sizeof(RawSample) == 16);

// Thread-safe by its mutex: each thread of the load generator appends a few thousand at a time.
class RawSampleWriter {
 public:
  Status Open(const std::filesystem::path& path);
  void Append(std::span<const RawSample> samples);
  // The first failed write, if any: the file is then incomplete.
  Status Close();

 private:
  std::mutex mutex_;
  UniqueFd file_;
  Status failure_;
};

// kDataLoss: not such a file, or one that ends inside a sample.
Status ReadRawSamples(const std::filesystem::path& path,
                      const std::function<void(const RawSample&)>& on_sample);

}  // namespace redline::lab
