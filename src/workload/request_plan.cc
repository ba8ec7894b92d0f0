#include "workload/request_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workload/arrivals.h"
#include "workload/dataset.h"
#include "workload/lengths.h"
#include "workload/prompt_content.h"
#include "workload/random.h"

namespace redline::workload {
namespace {

using Distribution = spec::LengthSpec::Distribution;
using Process = spec::ArrivalSpec::Process;

// What At() gives that is not computed from the index alone.
struct PlanRow {
  double intended_s = -1;
  int32_t input_tokens = 0;
  int32_t output_tokens = 0;
  float think_s = 0;
  uint16_t slo_class = 0;
};

class Plan : public RequestPlan {
 public:
  Plan(const spec::WorkloadSpec& spec, uint64_t seed, Dataset dataset, std::vector<PlanRow> rows)
      : seed_(seed),
        turns_(static_cast<size_t>(spec.sessions.turns)),
        prefix_(spec.prefix),
        block_tokens_(
            std::max<int64_t>(1, std::llround(kMooncakeBlockTokens * spec.dataset.length_scale))),
        dataset_(std::move(dataset)),
        rows_(std::move(rows)) {}

  size_t size() const override { return rows_.size(); }
  PlannedRequest At(size_t index) const override;
  void AppendPromptNumbers(size_t index, std::vector<uint32_t>& numbers) const override;
  std::string TextOf(size_t index) const override;

 private:
  const Dataset::Row* DatasetRow(size_t index) const {
    return dataset_.rows.empty() ? nullptr : &dataset_.rows[index % dataset_.rows.size()];
  }
  // `num_tokens` that begin with the prefix of `group`; the rest is the request's own.
  void AppendOwn(size_t index, size_t session, int64_t num_tokens,
                 std::vector<uint32_t>& numbers) const;
  void AppendBlocks(const Dataset::Row& row, size_t index, std::vector<uint32_t>& numbers) const;

  const uint64_t seed_;
  const size_t turns_;
  const spec::PrefixSpec prefix_;
  const int64_t block_tokens_;
  const Dataset dataset_;  // its payload; lengths and times are in rows_
  const std::vector<PlanRow> rows_;
};

PlannedRequest Plan::At(size_t index) const {
  const PlanRow& row = rows_[index];
  PlannedRequest request;
  request.index = static_cast<uint32_t>(index);
  request.intended_s = row.intended_s;
  request.input_tokens = row.input_tokens;
  request.output_tokens = row.output_tokens;
  request.session = static_cast<uint32_t>(index / turns_);
  request.turn = static_cast<uint32_t>(index % turns_);
  request.think_s = row.think_s;
  request.slo_class = row.slo_class;
  return request;
}

void Plan::AppendOwn(size_t index, size_t session, int64_t num_tokens,
                     std::vector<uint32_t>& numbers) const {
  int64_t shared = 0;
  if (prefix_.groups > 0 && index % turns_ == 0) {
    shared = std::min(prefix_.tokens, num_tokens);
    const uint64_t group = session % static_cast<uint64_t>(prefix_.groups);
    AppendNumbers({KeyOf(seed_, Stream::kPrefix, group), shared}, numbers);
  }
  AppendNumbers({KeyOf(seed_, Stream::kPrompt, index), num_tokens - shared}, numbers);
}

void Plan::AppendBlocks(const Dataset::Row& row, size_t index,
                        std::vector<uint32_t>& numbers) const {
  int64_t left = rows_[index].input_tokens;
  for (uint32_t block = 0; block < row.payload_size && left > 0; ++block) {
    const uint64_t id = dataset_.block_ids[row.payload_begin + block];
    const int64_t num_tokens = std::min(left, block_tokens_);
    AppendNumbers({KeyOf(seed_, Stream::kBlock, id), num_tokens}, numbers);
    left -= num_tokens;
  }
  AppendNumbers({KeyOf(seed_, Stream::kPrompt, index), left}, numbers);
}

void Plan::AppendPromptNumbers(size_t index, std::vector<uint32_t>& numbers) const {
  const Dataset::Row* row = DatasetRow(index);
  if (row != nullptr && !dataset_.block_ids.empty()) return AppendBlocks(*row, index, numbers);
  const size_t session = index / turns_;
  int64_t before = 0;  // tokens of the turns before, answers included
  for (size_t turn = session * turns_; turn <= index; ++turn) {
    AppendOwn(turn, session, rows_[turn].input_tokens - before, numbers);
    if (turn == index) break;
    AppendNumbers({KeyOf(seed_, Stream::kAnswer, turn), rows_[turn].output_tokens}, numbers);
    before = int64_t{rows_[turn].input_tokens} + rows_[turn].output_tokens;
  }
}

std::string Plan::TextOf(size_t index) const {
  const Dataset::Row* row = DatasetRow(index);
  if (row == nullptr || dataset_.text.empty()) return {};
  return dataset_.text.substr(row->payload_begin, row->payload_size);
}

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

// A field that the workload takes from the file must be in every request of it.
Status CheckDatasetFields(const spec::WorkloadSpec& spec, const Dataset& dataset) {
  const bool needs_output = spec.output_tokens.distribution == Distribution::kDataset;
  const bool needs_time = spec.arrivals.process == Process::kTrace;
  for (size_t index = 0; index < dataset.rows.size(); ++index) {
    const Dataset::Row& row = dataset.rows[index];
    const std::string where = fmt::format("{}: request {}", spec.dataset.path, index + 1);
    if (needs_output && row.output_tokens < 0)
      return InvalidArgument(where + " has no \"max_tokens\"; add it, or set output_tokens");
    if (needs_time && row.timestamp_s < 0)
      return InvalidArgument(where + " has no \"timestamp\"; add it, or set other arrivals");
  }
  return OkStatus();
}

// Texts are sent as they are.
Status CheckTexts(const spec::WorkloadSpec& spec, const Dataset& dataset) {
  if (dataset.text.empty()) return OkStatus();
  if (spec.input_tokens.distribution != Distribution::kDataset)
    return InvalidArgument(
        "the dataset has texts, whose lengths are their own; leave input_tokens out",
        "input_tokens");
  if (spec.dataset.length_scale != 1)
    return InvalidArgument("the dataset has texts, which cannot be scaled; leave length_scale out",
                           "dataset.length_scale");
  return OkStatus();
}

Result<Dataset> ReadRows(const spec::WorkloadSpec& spec) {
  if (spec.dataset.format == spec::DatasetSpec::Format::kNone) return Dataset{};
  RL_ASSIGN_OR_RETURN(auto dataset, ReadDataset(spec.dataset, spec.num_requests));
  RL_RETURN_IF_ERROR(CheckTexts(spec, dataset));
  RL_RETURN_IF_ERROR(CheckDatasetFields(spec, dataset));
  if (spec.arrivals.process != Process::kTrace) return dataset;
  const auto num_rows = static_cast<int64_t>(dataset.rows.size());
  if (spec.num_requests > num_rows)
    return InvalidArgument(fmt::format("\"num_requests\" is {}; {} has time stamps for {}",
                                       spec.num_requests, spec.dataset.path, num_rows),
                           "num_requests");
  std::stable_sort(dataset.rows.begin(), dataset.rows.end(),
                   [](const auto& a, const auto& b) { return a.timestamp_s < b.timestamp_s; });
  return dataset;
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
    const Dataset::Row* from =
        dataset.rows.empty() ? nullptr : &dataset.rows[index % dataset.rows.size()];
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

Result<std::unique_ptr<RequestPlan>> MakePlan(const spec::WorkloadSpec& spec, uint64_t seed) {
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(spec));
  RL_ASSIGN_OR_RETURN(auto dataset, ReadRows(spec));
  std::vector<PlanRow> rows(spec.num_requests > 0 ? static_cast<size_t>(spec.num_requests)
                                                  : dataset.rows.size());
  RL_RETURN_IF_ERROR(SetRows(spec, dataset, seed, rows));
  SetIntendedTimes(spec, dataset, seed, rows);
  // The file's lengths are in the rows now.
  if (dataset.block_ids.empty() && dataset.text.empty()) dataset = Dataset{};
  return std::unique_ptr<RequestPlan>(
      std::make_unique<Plan>(spec, seed, std::move(dataset), std::move(rows)));
}

}  // namespace redline::workload
