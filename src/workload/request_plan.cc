#include "workload/request_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workload/dataset.h"
#include "workload/plan_rows.h"
#include "workload/prompt_content.h"
#include "workload/random.h"

namespace redline::workload {
namespace {

constexpr double kMostSeconds = 1e8;  // three years

using Distribution = spec::LengthSpec::Distribution;
using Process = spec::ArrivalSpec::Process;

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
  void AppendPieces(size_t index, std::vector<PromptPiece>& pieces) const override;
  PromptPiece AnswerOf(size_t index) const override;
  std::string TextOf(size_t index) const override;

 private:
  // What the request adds to its session: in the first turn the group's prefix, then its own.
  void AppendOwn(size_t index, size_t session, int64_t num_tokens,
                 std::vector<PromptPiece>& pieces) const;
  void AppendBlocks(const Dataset::Row& row, size_t index, std::vector<PromptPiece>& pieces) const;

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
                     std::vector<PromptPiece>& pieces) const {
  int64_t shared = 0;
  if (prefix_.groups > 0 && index % turns_ == 0) {
    shared = std::min(prefix_.tokens, num_tokens);
    const uint64_t group = session % static_cast<uint64_t>(prefix_.groups);
    pieces.push_back({KeyOf(seed_, Stream::kPrefix, group), shared});
  }
  pieces.push_back({KeyOf(seed_, Stream::kPrompt, index), num_tokens - shared});
}

void Plan::AppendBlocks(const Dataset::Row& row, size_t index,
                        std::vector<PromptPiece>& pieces) const {
  int64_t left = rows_[index].input_tokens;
  for (uint32_t block = 0; block < row.payload_size && left > 0; ++block) {
    const uint64_t id = dataset_.block_ids[row.payload_begin + block];
    const int64_t num_tokens = std::min(left, block_tokens_);
    pieces.push_back({KeyOf(seed_, Stream::kBlock, id), num_tokens});
    left -= num_tokens;
  }
  pieces.push_back({KeyOf(seed_, Stream::kPrompt, index), left});
}

void Plan::AppendPieces(size_t index, std::vector<PromptPiece>& pieces) const {
  const Dataset::Row* row = RowOf(dataset_, index);
  if (row != nullptr && !dataset_.block_ids.empty()) return AppendBlocks(*row, index, pieces);
  const size_t session = index / turns_;
  int64_t before = 0;  // tokens of the turns before, answers included
  for (size_t turn = session * turns_; turn <= index; ++turn) {
    AppendOwn(turn, session, rows_[turn].input_tokens - before, pieces);
    if (turn == index) break;
    pieces.push_back(AnswerOf(turn));
    before = int64_t{rows_[turn].input_tokens} + rows_[turn].output_tokens;
  }
}

PromptPiece Plan::AnswerOf(size_t index) const {
  return {KeyOf(seed_, Stream::kAnswer, index), rows_[index].output_tokens};
}

void Plan::AppendPromptNumbers(size_t index, std::vector<uint32_t>& numbers) const {
  std::vector<PromptPiece> pieces;
  AppendPieces(index, pieces);
  for (const PromptPiece& piece : pieces) AppendNumbers(piece, numbers);
}

std::string Plan::TextOf(size_t index) const {
  const Dataset::Row* row = RowOf(dataset_, index);
  if (row == nullptr || dataset_.text.empty()) return {};
  return dataset_.text.substr(row->payload_begin, row->payload_size);
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

Status CheckDuration(const std::vector<PlanRow>& rows) {
  double last_s = 0;
  for (const PlanRow& row : rows) last_s = std::max(last_s, row.intended_s);
  if (last_s <= kMostSeconds) return OkStatus();
  return InvalidArgument(
      fmt::format("the last request would be sent {:.3g} s after the first (limit {:.0f} s): raise "
                  "the rate (--rate), a trace's speed, or lower the number of requests",
                  last_s, kMostSeconds),
      "arrivals");
}

}  // namespace

Result<std::unique_ptr<RequestPlan>> MakePlan(const spec::WorkloadSpec& spec, uint64_t seed) {
  RL_RETURN_IF_ERROR(spec::ValidateWorkload(spec));
  RL_ASSIGN_OR_RETURN(auto dataset, ReadRows(spec));
  const size_t count =
      spec.num_requests > 0 ? static_cast<size_t>(spec.num_requests) : dataset.rows.size();
  RL_ASSIGN_OR_RETURN(auto rows, MakePlanRows(spec, dataset, seed, count));
  RL_RETURN_IF_ERROR(CheckDuration(rows));
  // The file's lengths are in the rows now.
  if (dataset.block_ids.empty() && dataset.text.empty()) dataset = Dataset{};
  return std::unique_ptr<RequestPlan>(
      std::make_unique<Plan>(spec, seed, std::move(dataset), std::move(rows)));
}

}  // namespace redline::workload
