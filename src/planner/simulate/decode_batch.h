// The requests of a rank that are in their answers, as sums: a step costs O(1) however many there
// are. In each step all of them yield the same number of tokens, so a request is known by two
// numbers that never change while it is a member: how far its context is ahead of the batch's
// counter, and the counter at which it ends. Owner: the rank's scheduler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace redline::planner {

class DecodeBatch {
 public:
  struct Member {
    int64_t context_offset = 0;
    int64_t finish_at = 0;
    uint64_t sequence = 0;  // names this membership; 0: none
  };
  struct Due {
    int64_t finish_at;
    uint64_t sequence;
    uint32_t slot;
  };

  DecodeBatch(int64_t page_size, int64_t draft_tokens, double acceptance_length);

  // `context_tokens` are in the KV cache; `remaining_tokens`, at least 1, are to come.
  Member Add(uint32_t slot, int64_t context_tokens, int64_t remaining_tokens);
  void Remove(const Member& member);

  // Tokens that each member yields in the next step.
  int64_t NextYield() const { return next_yield_; }
  // Pages that the next step takes beyond those that the members have.
  int64_t NumPagesToGrow() const;
  // The step is done. Members that are due stay members until they are removed.
  void Advance();
  // One whose last token is out; false: no more. Memberships that were removed are passed, too: the
  // caller compares `sequence`.
  bool PopDue(Due& due);

  int64_t size() const { return size_; }
  int64_t context_tokens() const { return context_tokens_; }
  int64_t ContextOf(const Member& member) const { return counter_ + member.context_offset; }
  int64_t RemainingOf(const Member& member) const {
    return member.finish_at > counter_ ? member.finish_at - counter_ : 0;
  }
  // With room for the drafts.
  int64_t NumPagesOf(const Member& member) const {
    return (ContextOf(member) + draft_tokens_ + page_size_ - 1) / page_size_;
  }

 private:
  size_t ResidueOf(const Member& member) const;

  const int64_t page_size_;
  const int64_t draft_tokens_;
  const double accepted_per_step_;

  int64_t counter_ = 0;          // tokens that a member of all steps has got
  int64_t counter_residue_ = 0;  // of page_size_
  int64_t next_yield_ = 1;
  double accepted_fraction_ = 0;
  int64_t size_ = 0;
  int64_t context_tokens_ = 0;
  uint64_t next_sequence_ = 1;
  std::vector<Due> heap_;            // the earliest end first
  std::vector<int64_t> by_residue_;  // members by the place of their context in a page
};

}  // namespace redline::planner
