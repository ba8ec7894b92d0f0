#include "workload/word_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "workload/random.h"
#include "workload/words.h"

namespace redline::workload {
namespace {

constexpr size_t kMinWords = 8;
constexpr size_t kNumAnchors = 8;
constexpr size_t kGroupWords = 16;
constexpr size_t kSequenceWords = 512;
constexpr int kNumSequences = 4;

Result<std::vector<int64_t>> CountTokens(const TokenCounter& counter,
                                         const std::vector<std::string>& texts) {
  RL_ASSIGN_OR_RETURN(auto counts, counter(texts));
  if (counts.size() != texts.size())
    return Internal(fmt::format("{} counts came for {} texts", counts.size(), texts.size()));
  return counts;
}

class WordFinder {
 public:
  WordFinder(const TokenCounter& counter, std::vector<std::string> candidates,
             std::string separator)
      : counter_(counter), candidates_(std::move(candidates)) {
    found_.separator = std::move(separator);
  }

  Result<OneTokenWords> Find() {
    RL_RETURN_IF_ERROR(FindAnchor());
    RL_RETURN_IF_ERROR(KeepOneTokenWords());
    RL_RETURN_IF_ERROR(DropWordsThatMerge());
    return std::move(found_);
  }

 private:
  using Range = std::span<const std::string>;

  std::string TextOf(Range words) const {
    std::string text = found_.anchor;
    for (const std::string& word : words) text += found_.separator + word;
    return text;
  }

  // The first word of every text: the one with the fewest tokens, which are the overhead and its
  // own.
  Status FindAnchor() {
    const std::vector<std::string> anchors(
        candidates_.begin(),
        candidates_.begin() + static_cast<ptrdiff_t>(std::min(kNumAnchors, candidates_.size())));
    RL_ASSIGN_OR_RETURN(const auto counts, CountTokens(counter_, anchors));
    const auto best = std::min_element(counts.begin(), counts.end());
    if (*best < 1) return FailedPrecondition("a text of one word is said to have no tokens");
    found_.anchor = anchors[static_cast<size_t>(best - counts.begin())];
    found_.overhead_tokens = *best - 1;
    return OkStatus();
  }

  // Groups at once; a group that is not as long as it should be is halved.
  Status KeepOneTokenWords() {
    std::vector<Range> groups;
    for (size_t begin = 0; begin < candidates_.size(); begin += kGroupWords)
      groups.push_back(
          Range(candidates_).subspan(begin, std::min(kGroupWords, candidates_.size() - begin)));
    while (!groups.empty()) {
      std::vector<std::string> texts;
      for (const Range group : groups) texts.push_back(TextOf(group));
      RL_ASSIGN_OR_RETURN(const auto counts, CountTokens(counter_, texts));
      std::vector<Range> halves;
      for (size_t index = 0; index < groups.size(); ++index)
        Judge(groups[index], counts[index], halves);
      groups = std::move(halves);
    }
    return OkStatus();
  }

  void Judge(Range group, int64_t count, std::vector<Range>& halves) {
    if (count == found_.CountOf(group.size())) {
      found_.words.insert(found_.words.end(), group.begin(), group.end());
    } else if (group.size() > 1) {
      halves.push_back(group.first(group.size() / 2));
      halves.push_back(group.subspan(group.size() / 2));
    }
  }

  std::vector<std::string> RandomWords(uint64_t sequence) const {
    RandomStream random(0, Stream::kProbe, sequence);
    std::vector<std::string> words;
    for (size_t index = 0; index < kSequenceWords; ++index)
      words.push_back(found_.words[random.Next() % found_.words.size()]);
    return words;
  }

  // Words that are tokens of their own may still be one together. In a random text that is too
  // short, the word where the count first goes wrong is dropped.
  Status DropWordsThatMerge() {
    int num_good = 0;
    for (uint64_t sequence = 0; num_good < kNumSequences; ++sequence) {
      if (found_.words.size() < kMinWords)
        return FailedPrecondition("the tokenizer has too few words that are one token");
      const std::vector<std::string> words = RandomWords(sequence);
      RL_ASSIGN_OR_RETURN(const bool good, IsExact(words));
      if (good) {
        ++num_good;
        continue;
      }
      num_good = 0;
      RL_RETURN_IF_ERROR(DropFirstWrong(words));
    }
    return OkStatus();
  }

  Result<bool> IsExact(Range words) const {
    RL_ASSIGN_OR_RETURN(const auto counts, CountTokens(counter_, {TextOf(words)}));
    return counts[0] == found_.CountOf(words.size());
  }

  Status DropFirstWrong(const std::vector<std::string>& words) {
    size_t exact = 0;
    size_t wrong = words.size();
    while (wrong - exact > 1) {
      const size_t middle = (exact + wrong) / 2;
      RL_ASSIGN_OR_RETURN(const bool good, IsExact(Range(words).first(middle)));
      (good ? exact : wrong) = middle;
    }
    std::erase(found_.words, words[wrong - 1]);
    return OkStatus();
  }

  const TokenCounter& counter_;
  const std::vector<std::string> candidates_;
  OneTokenWords found_;
};

std::vector<std::string> Letters() {
  std::vector<std::string> letters;
  for (const char base : {'a', 'A'})
    for (int offset = 0; offset < 26; ++offset)
      letters.emplace_back(1, static_cast<char>(base + offset));
  return letters;
}

}  // namespace

Result<OneTokenWords> FindOneTokenWords(const TokenCounter& counter) {
  const auto common = CommonWords();
  auto found = WordFinder(counter, {common.begin(), common.end()}, " ").Find();
  if (found.ok() || found.status().code() != Code::kFailedPrecondition) return found;
  return WordFinder(counter, Letters(), "").Find();
}

}  // namespace redline::workload
