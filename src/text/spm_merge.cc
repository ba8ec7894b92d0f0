#include "text/spm_merge.h"

#include <queue>

namespace redline::text {
namespace {

constexpr int64_t kNone = -1;

struct Symbol {
  std::string_view text;  // empty once merged into its left neighbour
  int64_t previous;
  int64_t next;
};

struct Candidate {
  float score;
  int64_t left;
  int64_t right;
  size_t size;  // of the union when it was queued; differs when either side has grown since

  bool operator<(const Candidate& other) const {
    return score < other.score || (score == other.score && left > other.left);
  }
};

size_t CharacterLength(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::vector<Symbol> SplitCharacters(std::string_view text) {
  std::vector<Symbol> symbols;
  for (size_t position = 0; position < text.size();) {
    const std::string_view character = text.substr(position, CharacterLength(text[position]));
    const auto index = static_cast<int64_t>(symbols.size());
    position += character.size();
    symbols.push_back({character, index - 1, position < text.size() ? index + 1 : kNone});
  }
  return symbols;
}

class Merger {
 public:
  Merger(std::string_view text, const FindToken& find)
      : find_(find), symbols_(SplitCharacters(text)) {
    for (int64_t i = 1; i < static_cast<int64_t>(symbols_.size()); ++i) Consider(i - 1, i);
  }

  void MergeAll() {
    while (!queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      if (IsCurrent(best)) Merge(best);
    }
  }

  std::vector<std::string_view> Pieces() const {
    std::vector<std::string_view> pieces;
    for (const Symbol& symbol : symbols_) {
      if (!symbol.text.empty()) pieces.push_back(symbol.text);
    }
    return pieces;
  }

 private:
  bool IsCurrent(const Candidate& candidate) const {
    const std::string_view left = symbols_[candidate.left].text;
    const std::string_view right = symbols_[candidate.right].text;
    return !left.empty() && !right.empty() && left.size() + right.size() == candidate.size;
  }

  void Consider(int64_t left, int64_t right) {
    if (left == kNone || right == kNone) return;
    const std::string_view text = Union(left, right);
    const ScoredToken* token = find_(text);
    if (token != nullptr) queue_.push({token->score, left, right, text.size()});
  }

  void Merge(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.left];
    Symbol& right = symbols_[candidate.right];
    left.text = Union(candidate.left, candidate.right);
    left.next = right.next;
    right.text = {};
    if (right.next != kNone) symbols_[right.next].previous = candidate.left;
    Consider(left.previous, candidate.left);
    Consider(candidate.left, left.next);
  }

  // Neighbours lie side by side in the text.
  std::string_view Union(int64_t left, int64_t right) const {
    const std::string_view first = symbols_[left].text;
    return {first.data(), first.size() + symbols_[right].text.size()};
  }

  const FindToken& find_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace

std::vector<std::string_view> MergeByScore(std::string_view text, const FindToken& find) {
  Merger merger(text, find);
  merger.MergeAll();
  return merger.Pieces();
}

}  // namespace redline::text
