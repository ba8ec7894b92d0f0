#include "lab/load/timing_error.h"

#include <fmt/format.h>

#include <cstdlib>
#include <unordered_map>
#include <vector>

#include "lab/load/raw_samples.h"

namespace redline::lab {
namespace {

// By request: its begin, then its tokens' times.
using Times = std::unordered_map<uint32_t, std::vector<int64_t>>;

Times TimesOfTruth(std::span<const TruthEvent> truth) {
  Times times;
  for (const TruthEvent& event : truth) {
    std::vector<int64_t>& of_request = times[event.request];
    const auto position = static_cast<size_t>(event.event + 1);
    if (position >= of_request.size()) of_request.resize(position + 1);
    of_request[position] = event.time_ns;
  }
  return times;
}

Result<Times> TimesOfSamples(const std::filesystem::path& path) {
  Times times;
  RL_RETURN_IF_ERROR(ReadRawSamples(path, [&](const RawSample& sample) {
    if (sample.kind == RawSample::kSent || sample.kind == RawSample::kOutput)
      times[sample.index].insert(times[sample.index].end(), sample.count, sample.time_ns);
  }));
  return times;
}

}  // namespace

Result<TimingErrors> CompareTiming(std::span<const TruthEvent> truth,
                                   const std::filesystem::path& samples) {
  const Times server = TimesOfTruth(truth);
  RL_ASSIGN_OR_RETURN(const Times client, TimesOfSamples(samples));
  TimingErrors errors;
  for (const auto& [request, seen] : client) {
    const auto found = server.find(request);
    if (found == server.end() || found->second.size() != seen.size())
      return DataLoss(fmt::format("request {}: the client saw {} tokens, the server sent {}",
                                  request, seen.size() - 1,
                                  found == server.end() ? 0 : found->second.size() - 1));
    for (size_t i = 1; i < seen.size(); ++i) {
      const int64_t error = (seen[i] - seen[i - 1]) - (found->second[i] - found->second[i - 1]);
      (i == 1 ? errors.ttft_ns : errors.gaps_ns).Record(std::abs(error));
    }
  }
  return errors;
}

}  // namespace redline::lab
