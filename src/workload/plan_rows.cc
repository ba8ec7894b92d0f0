#include "workload/plan_rows.h"

#include <fmt/format.h>

#include "workload/arrivals.h"
#include "workload/lengths.h"
#include "workload/random.h"
#include "workload/request_plan.h"

namespace redline::workload {
namespace {

using Distribution = spec::LengthSpec::Distribution;
using Process = spec::ArrivalSpec::Process;

// One length: the file's, or drawn.
int64_t LengthOf(const spec::WorkloadSpec& spec, LengthKind kind, const Dataset::Row* row,
                 uint64_t seed, size_t index) {
  const bool input = kind == LengthKind::kInput;
  const spec::LengthSpec& length = input ? spec.input_tokens : spec.output_tokens;
  if (length.distribution != Distribution::kDataset) return SampleLength(length, kind, seed, index);
  const int32_t told = input ? row->input_tokens : row->output_tokens;
  if (told < 0) return 0;
  return ClipLength(length, told * spec.dataset.length_scale);
}

void SetIntendedTimes(const spec::WorkloadSpec& spec, const Dataset& dataset, uint64_t seed,
                      std::vector<PlanRow>& rows) {
  if (spec.arrivals.process == Process::kTrace) {
    const double first = dataset.rows.front().timestamp_s;
    for (size_t index = 0; index < rows.size(); ++index)
      rows[index].intended_s = (dataset.rows[index].timestamp_s - first) / spec.arrivals.speed;
    return;
  }
  const auto turns = static_cast<size_t>(spec.sessions.turns);
  const size_t num_sessions = (rows.size() + turns - 1) / turns;
  spec::ArrivalSpec arrivals = spec.arrivals;
  arrivals.rate /= static_cast<double>(turns);
  arrivals.rate_end /= static_cast<double>(turns);
  for (double& rate : arrivals.rates) rate /= static_cast<double>(turns);
  const std::vector<double> times = ArrivalTimes(arrivals, num_sessions, seed);
  for (size_t session = 0; session < times.size(); ++session)
    rows[session * turns].intended_s = times[session];
}

uint16_t SloClassOf(const std::vector<spec::SloClass>& classes, uint64_t seed, size_t session) {
  double left = RandomStream(seed, Stream::kSloClass, session).Uniform();
  for (size_t index = 0; index + 1 < classes.size(); ++index) {
    left -= classes[index].share;
    if (left < 0) return static_cast<uint16_t>(index);
  }
  return classes.empty() ? 0 : static_cast<uint16_t>(classes.size() - 1);
}

// Lengths, pauses and classes; the contexts of sessions grow.
Status SetRows(const spec::WorkloadSpec& spec, const Dataset& dataset, uint64_t seed,
               std::vector<PlanRow>& rows) {
  const auto turns = static_cast<size_t>(spec.sessions.turns);
  int64_t before = 0;
  for (size_t index = 0; index < rows.size(); ++index) {
    const Dataset::Row* from = RowOf(dataset, index);
    const bool first = index % turns == 0;
    if (first) before = 0;
    const int64_t input = before + LengthOf(spec, LengthKind::kInput, from, seed, index);
    const int64_t output = LengthOf(spec, LengthKind::kOutput, from, seed, index);
    if (input > kMaxPromptTokens)
      return InvalidArgument(
          fmt::format("the prompt of turn {} has {} tokens; at most {} are made: lower "
                      "sessions.turns or the lengths",
                      index % turns + 1, input, kMaxPromptTokens),
          "sessions.turns");
    PlanRow& row = rows[index];
    row.input_tokens = static_cast<int32_t>(input);
    row.output_tokens = static_cast<int32_t>(output);
    row.slo_class = SloClassOf(spec.slo_classes, seed, index / turns);
    if (!first)
      row.think_s = static_cast<float>(spec.sessions.think_seconds *
                                       RandomStream(seed, Stream::kThinkTime, index).Exponential());
    before = input + output;
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<PlanRow>> MakePlanRows(const spec::WorkloadSpec& spec, const Dataset& dataset,
                                          uint64_t seed, size_t count) {
  std::vector<PlanRow> rows(count);
  RL_RETURN_IF_ERROR(SetRows(spec, dataset, seed, rows));
  SetIntendedTimes(spec, dataset, seed, rows);
  return rows;
}

}  // namespace redline::workload
