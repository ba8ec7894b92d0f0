#include "engine/api/reasoning_constraint.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace redline::engine {
namespace {

using text::TokenId;

constexpr std::string_view kOpen = "<think>";
constexpr std::string_view kClose = "</think>";

void Allow(std::span<uint32_t> mask, TokenId id) {
  const auto index = static_cast<size_t>(id);
  if (index / 32 < mask.size()) mask[index / 32] |= 1U << (index % 32);
}

class ReasoningConstraint final : public text::Constraint {
 public:
  ReasoningConstraint(std::unique_ptr<text::Constraint> inner, const text::Tokenizer* tokenizer,
                      std::span<const uint32_t> reasoning_mask, bool starts_inside)
      : inner_(std::move(inner)),
        tokenizer_(tokenizer),
        reasoning_mask_(reasoning_mask),
        open_token_(tokenizer->TokenToId(kOpen)),
        state_(starts_inside ? State::kInside : State::kBefore) {}

  Status FillMask(std::span<uint32_t> mask) override {
    if (state_ == State::kInside) {
      std::fill(mask.begin(), mask.end(), 0);
      std::copy_n(reasoning_mask_.begin(), std::min(reasoning_mask_.size(), mask.size()),
                  mask.begin());
      return OkStatus();
    }
    RL_RETURN_IF_ERROR(inner_->FillMask(mask));
    if (state_ == State::kBefore && open_token_) Allow(mask, *open_token_);
    return OkStatus();
  }

  Status Accept(TokenId id) override {
    if (state_ == State::kInside) {
      ReadReasoning(id);
      return OkStatus();
    }
    if (state_ == State::kBefore && open_token_ == id) {
      state_ = State::kInside;
      return OkStatus();
    }
    state_ = State::kBehind;
    return inner_->Accept(id);
  }

  bool IsStopped() const override { return state_ != State::kInside && inner_->IsStopped(); }

 private:
  enum class State { kBefore, kInside, kBehind };

  // What follows the tag within its token is not held to the constraint.
  void ReadReasoning(TokenId id) {
    tail_ += tokenizer_->TokenBytes(id);
    if (tail_.find(kClose) != std::string::npos) state_ = State::kBehind;
    if (tail_.size() >= kClose.size()) tail_.erase(0, tail_.size() - (kClose.size() - 1));
  }

  const std::unique_ptr<text::Constraint> inner_;
  const text::Tokenizer* const tokenizer_;
  const std::span<const uint32_t> reasoning_mask_;
  const std::optional<TokenId> open_token_;
  State state_;
  std::string tail_;  // the end of the reasoning so far, shorter than the tag
};

}  // namespace

std::vector<uint32_t> ReasoningMask(const text::Tokenizer& tokenizer,
                                    std::span<const TokenId> eos_ids) {
  const int64_t vocab_size = tokenizer.VocabSize();
  std::vector<uint32_t> mask(static_cast<size_t>(vocab_size + 31) / 32, 0);
  for (TokenId id = 0; id < vocab_size; ++id) {
    const bool is_end = std::find(eos_ids.begin(), eos_ids.end(), id) != eos_ids.end();
    const bool is_text = !tokenizer.IsSpecial(id) || tokenizer.TokenBytes(id) == kClose;
    if (is_text && !is_end) Allow(mask, id);
  }
  return mask;
}

std::unique_ptr<text::Constraint> AfterReasoning(std::unique_ptr<text::Constraint> constraint,
                                                 const text::Tokenizer* tokenizer,
                                                 std::span<const uint32_t> reasoning_mask,
                                                 bool starts_inside) {
  return std::make_unique<ReasoningConstraint>(std::move(constraint), tokenizer, reasoning_mask,
                                               starts_inside);
}

}  // namespace redline::engine
