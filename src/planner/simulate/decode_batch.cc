#include "planner/simulate/decode_batch.h"

#include <algorithm>
#include <cmath>

namespace redline::planner {
namespace {

// For std::push_heap, which keeps the greatest on top. Equal ends in the order of joining.
bool EndsLater(const DecodeBatch::Due& left, const DecodeBatch::Due& right) {
  if (left.finish_at != right.finish_at) return left.finish_at > right.finish_at;
  return left.sequence > right.sequence;
}

}  // namespace

DecodeBatch::DecodeBatch(int64_t page_size, int64_t draft_tokens, double acceptance_length)
    : page_size_(page_size),
      draft_tokens_(draft_tokens),
      accepted_per_step_(acceptance_length - 1),
      by_residue_(static_cast<size_t>(page_size)) {
  accepted_fraction_ = accepted_per_step_;
  next_yield_ = 1 + static_cast<int64_t>(std::floor(accepted_fraction_));
}

DecodeBatch::Member DecodeBatch::Add(uint32_t slot, int64_t context_tokens,
                                     int64_t remaining_tokens) {
  const Member member = {.context_offset = context_tokens - counter_,
                         .finish_at = counter_ + remaining_tokens,
                         .sequence = next_sequence_++};
  heap_.push_back({member.finish_at, member.sequence, slot});
  std::push_heap(heap_.begin(), heap_.end(), EndsLater);
  ++size_;
  context_tokens_ += context_tokens;
  ++by_residue_[ResidueOf(member)];
  return member;
}

void DecodeBatch::Remove(const Member& member) {
  --size_;
  context_tokens_ -= ContextOf(member);
  --by_residue_[ResidueOf(member)];
}

int64_t DecodeBatch::NumPagesToGrow() const {
  // A member at a page's end (with its drafts) begins a new one with its next token.
  int64_t num_pages = 0;
  int64_t residue = counter_residue_;
  for (int64_t token = 0; token < next_yield_; ++token) {
    num_pages += by_residue_[static_cast<size_t>(residue == 0 ? 0 : page_size_ - residue)];
    if (++residue == page_size_) residue = 0;
  }
  return num_pages;
}

void DecodeBatch::Advance() {
  counter_ += next_yield_;
  counter_residue_ += next_yield_;
  while (counter_residue_ >= page_size_) counter_residue_ -= page_size_;  // faster than a division
  context_tokens_ += size_ * next_yield_;
  if (accepted_per_step_ == 0) return;
  accepted_fraction_ += accepted_per_step_ - static_cast<double>(next_yield_ - 1);
  next_yield_ = 1 + static_cast<int64_t>(std::floor(accepted_fraction_));
}

bool DecodeBatch::PopDue(Due& due) {
  if (heap_.empty() || heap_.front().finish_at > counter_) return false;
  due = heap_.front();
  std::pop_heap(heap_.begin(), heap_.end(), EndsLater);
  heap_.pop_back();
  return true;
}

size_t DecodeBatch::ResidueOf(const Member& member) const {
  const int64_t residue = (member.context_offset + draft_tokens_) % page_size_;
  return static_cast<size_t>(residue < 0 ? residue + page_size_ : residue);
}

}  // namespace redline::planner
