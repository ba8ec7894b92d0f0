// The figures of one request, in milliseconds unless the name says otherwise. nullopt: the request
// does not have it (it did not come to that, or the answer was too short). Pure functions; what
// each means and how other tools have it is in docs/metrics.md.
#pragma once

#include <optional>

#include "lab/request_record.h"

namespace redline::lab {

std::optional<double> TtftMs(const RequestRecord& record);
std::optional<double> TtftFromIntendedMs(const RequestRecord& record);
std::optional<double> TpotMs(const RequestRecord& record);
std::optional<double> TpotGuidellmMs(const RequestRecord& record);
std::optional<double> NtpotMs(const RequestRecord& record);
std::optional<double> MaxGapMs(const RequestRecord& record);
std::optional<double> E2eMs(const RequestRecord& record);
std::optional<double> E2eFromIntendedMs(const RequestRecord& record);
std::optional<double> QueueMs(const RequestRecord& record);
std::optional<double> HeadMs(const RequestRecord& record);
std::optional<double> InteractivityTps(const RequestRecord& record);
std::optional<double> TokensPerEvent(const RequestRecord& record);
std::optional<double> InputTokensOf(const RequestRecord& record);
std::optional<double> OutputTokensOf(const RequestRecord& record);
std::optional<double> CachedTokensOf(const RequestRecord& record);

}  // namespace redline::lab
