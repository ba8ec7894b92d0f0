#include "workload/text_prompt_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "net/json_body.h"

namespace redline::workload {
namespace {

// Of the prompts whose lengths are known: the shortest, the longest, and some spread evenly.
std::vector<size_t> SampleOf(const RequestPlan& plan, size_t num_samples) {
  std::vector<size_t> known;
  for (size_t index = 0; index < plan.size(); ++index) {
    if (plan.At(index).input_tokens > 0 && plan.TextOf(index).empty()) known.push_back(index);
  }
  if (known.empty()) return known;
  const auto by_length = [&plan](size_t left, size_t right) {
    return plan.At(left).input_tokens < plan.At(right).input_tokens;
  };
  const auto [shortest, longest] = std::minmax_element(known.begin(), known.end(), by_length);
  std::vector<size_t> sample = {*shortest, *longest};
  for (size_t index = 0; index < num_samples; ++index)
    sample.push_back(known[index * known.size() / num_samples]);
  std::sort(sample.begin(), sample.end());
  sample.erase(std::unique(sample.begin(), sample.end()), sample.end());
  return sample;
}

}  // namespace

Result<std::unique_ptr<TextPromptWriter>> TextPromptWriter::Make(
    TokenCounter counter, std::optional<int64_t> api_overhead_tokens) {
  RL_ASSIGN_OR_RETURN(auto words, FindOneTokenWords(counter));
  const int64_t overhead = api_overhead_tokens.value_or(words.overhead_tokens);
  if (overhead < 0)
    return InvalidArgument(fmt::format("an API cannot add {} tokens to a prompt", overhead));
  return std::unique_ptr<TextPromptWriter>(
      new TextPromptWriter(std::move(counter), std::move(words), overhead));
}

// The plan's first numbers, so that what prompts share stays at their beginning.
void TextPromptWriter::AppendText(const RequestPlan& plan, size_t index, std::string& text) const {
  thread_local std::vector<uint32_t> numbers;
  numbers.clear();
  plan.AppendPromptNumbers(index, numbers);
  const size_t wanted =
      numbers.size() - std::min(numbers.size(), static_cast<size_t>(overhead_tokens_));
  text += words_.anchor;
  const uint64_t num_words = words_.words.size();
  for (size_t at = 1; at < wanted; ++at) {
    text += words_.separator;
    text += words_.words[(numbers[at] * num_words) >> 32];
  }
}

void TextPromptWriter::AppendJson(const RequestPlan& plan, size_t index, std::string& json) const {
  const std::string own = plan.TextOf(index);
  if (!own.empty()) return net::AppendJsonString(json, own);
  // Letters and blanks only: nothing to escape.
  json += '"';
  AppendText(plan, index, json);
  json += '"';
}

Status TextPromptWriter::CheckCounts(const RequestPlan& plan,
                                     const std::vector<size_t>& indices) const {
  std::vector<std::string> texts(indices.size());
  for (size_t at = 0; at < indices.size(); ++at) AppendText(plan, indices[at], texts[at]);
  RL_ASSIGN_OR_RETURN(const auto counts, counter_(texts));
  if (counts.size() != texts.size())
    return Internal(fmt::format("{} counts came for {} texts", counts.size(), texts.size()));
  for (size_t at = 0; at < indices.size(); ++at) {
    const int64_t count = counts[at] - words_.overhead_tokens + overhead_tokens_;
    const int32_t wanted = plan.At(indices[at]).input_tokens;
    if (count != wanted)
      return FailedPrecondition(fmt::format(
          "the prompt of request {} has {} tokens where the workload asks for {}; use token ids, "
          "or another counter of tokens",
          indices[at], count, wanted));
  }
  return OkStatus();
}

Status TextPromptWriter::Verify(const RequestPlan& plan, size_t num_samples) const {
  const std::vector<size_t> indices = SampleOf(plan, num_samples);
  if (indices.empty()) return OkStatus();
  for (const size_t index : indices) {
    const int32_t wanted = plan.At(index).input_tokens;
    if (wanted <= overhead_tokens_)
      return FailedPrecondition(fmt::format(
          "request {} is to have {} tokens of prompt, of which the API itself adds {}; ask for {} "
          "at least (input_tokens.min)",
          index, wanted, overhead_tokens_, overhead_tokens_ + 1));
  }
  return CheckCounts(plan, indices);
}

}  // namespace redline::workload
