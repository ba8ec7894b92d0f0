#include "workload/plan_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "workload/random.h"

namespace redline::workload {
namespace {

constexpr int64_t kMaxHashedTokens = int64_t{1} << 28;

class Hasher {
 public:
  void Add(uint64_t value) { state_ = Mix(state_ * 0x9E3779B97F4A7C15 + value + 1); }
  void AddTime(double seconds) { Add(static_cast<uint64_t>(std::llround(seconds * 1e6))); }
  void AddText(const std::string& text) {
    Add(text.size());
    for (const char byte : text) Add(static_cast<unsigned char>(byte));
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0;
};

// `lengths` in any order; it is sorted.
LengthSummary SummarizeLengths(std::vector<int32_t>& lengths) {
  LengthSummary summary;
  if (lengths.empty()) return summary;
  std::sort(lengths.begin(), lengths.end());
  const auto rank = [&lengths](double share) {
    const double position = std::ceil(share * static_cast<double>(lengths.size()));
    return lengths[static_cast<size_t>(std::max(position, 1.0)) - 1];
  };
  for (const int32_t length : lengths) {
    summary.total += length;
    const auto bucket =
        static_cast<size_t>(length <= 1 ? 0 : std::bit_width(static_cast<uint32_t>(length)) - 1);
    if (summary.histogram.size() <= bucket) summary.histogram.resize(bucket + 1);
    ++summary.histogram[bucket];
  }
  summary.min = lengths.front();
  summary.max = lengths.back();
  summary.p50 = rank(0.5);
  summary.p90 = rank(0.9);
  summary.p99 = rank(0.99);
  summary.mean = static_cast<double>(summary.total) / static_cast<double>(lengths.size());
  return summary;
}

void HashRequest(const PlannedRequest& request, Hasher& hasher) {
  hasher.Add(static_cast<uint64_t>(request.input_tokens));
  hasher.Add(static_cast<uint64_t>(request.output_tokens));
  hasher.Add((uint64_t{request.session} << 32) | request.turn);
  hasher.Add(request.slo_class);
  hasher.AddTime(request.intended_s);
  hasher.AddTime(request.think_s);
}

}  // namespace

uint64_t DatasetHash(const RequestPlan& plan) {
  int64_t num_tokens = 0;
  for (size_t index = 0; index < plan.size(); ++index) num_tokens += plan.At(index).input_tokens;
  const auto stride = static_cast<size_t>(num_tokens / kMaxHashedTokens + 1);
  Hasher hasher;
  hasher.Add(plan.size());
  std::vector<uint32_t> numbers;
  for (size_t index = 0; index < plan.size(); ++index) {
    HashRequest(plan.At(index), hasher);
    hasher.AddText(plan.TextOf(index));
    if (index % stride != 0) continue;
    numbers.clear();
    plan.AppendPromptNumbers(index, numbers);
    for (const uint32_t number : numbers) hasher.Add(number);
  }
  return hasher.value();
}

PlanSummary Summarize(const RequestPlan& plan) {
  PlanSummary summary;
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
  for (size_t index = 0; index < plan.size(); ++index) {
    const PlannedRequest request = plan.At(index);
    if (request.turn == 0) ++summary.num_sessions;
    if (request.input_tokens > 0) inputs.push_back(request.input_tokens);
    outputs.push_back(request.output_tokens);
    summary.last_intended_s = std::max(summary.last_intended_s, request.intended_s);
  }
  summary.num_requests = static_cast<int64_t>(plan.size());
  summary.num_unknown_inputs = summary.num_requests - static_cast<int64_t>(inputs.size());
  summary.input = SummarizeLengths(inputs);
  summary.output = SummarizeLengths(outputs);
  summary.dataset_hash = DatasetHash(plan);
  return summary;
}

int64_t SharedPromptTokens(const RequestPlan& plan) {
  // By the keys and lengths of the pieces before and the key of this one: its longest so far.
  std::unordered_map<uint64_t, int64_t> seen;
  std::vector<PromptPiece> pieces;
  int64_t shared = 0;
  for (size_t index = 0; index < plan.size(); ++index) {
    if (plan.At(index).input_tokens == 0 || !plan.TextOf(index).empty()) return -1;
    pieces.clear();
    plan.AppendPieces(index, pieces);
    const size_t num_prompt_pieces = pieces.size();
    pieces.push_back(plan.AnswerOf(index));  // is in the cache, too
    Hasher before;
    for (size_t i = 0; i < pieces.size(); ++i) {
      before.Add(pieces[i].key);
      int64_t& longest = seen[before.value()];
      if (i < num_prompt_pieces) shared += std::min(longest, pieces[i].num_tokens);
      longest = std::max(longest, pieces[i].num_tokens);
      before.Add(static_cast<uint64_t>(pieces[i].num_tokens));
    }
  }
  return shared;
}

std::string FormatHash(uint64_t hash) { return fmt::format("{:016x}", hash); }

}  // namespace redline::workload
