#include "engine/api/reasoning_constraint.h"

#include <gtest/gtest.h>

#include "engine/api/api_testing.h"

namespace redline::engine {
namespace {

// Allows "ab" and then the end.
class AbConstraint final : public text::Constraint {
 public:
  Status FillMask(std::span<uint32_t> mask) override {
    std::fill(mask.begin(), mask.end(), 0);
    const TokenId next = accepted_ == 0 ? 2 : accepted_ == 1 ? 3 : TestingModel::kEos;
    mask[0] = 1U << next;
    return OkStatus();
  }
  Status Accept(TokenId id) override {
    EXPECT_EQ(id, 2 + accepted_);
    ++accepted_;
    return OkStatus();
  }
  bool IsStopped() const override { return accepted_ == 2; }

 private:
  int accepted_ = 0;
};

class ReasoningConstraintTest : public testing::Test {
 protected:
  ReasoningConstraintTest()
      : mask_(ReasoningMask(tokenizer_, std::vector<TokenId>{TestingModel::kEos})),
        open_(*tokenizer_.TokenToId("<think>")),
        close_(*tokenizer_.TokenToId("</think>")) {}

  std::unique_ptr<text::Constraint> Make(bool starts_inside) {
    return AfterReasoning(std::make_unique<AbConstraint>(), &tokenizer_, mask_, starts_inside);
  }
  static std::vector<TokenId> Allowed(text::Constraint& constraint) {
    std::vector<uint32_t> mask(3, 0xFFFFFFFF);
    EXPECT_TRUE(constraint.FillMask(mask).ok());
    std::vector<TokenId> ids;
    for (TokenId id = 0; id < 96; ++id) {
      if ((mask[static_cast<size_t>(id) / 32] >> (id % 32) & 1) != 0) ids.push_back(id);
    }
    return ids;
  }

  TestingTokenizer tokenizer_;
  const std::vector<uint32_t> mask_;
  const TokenId open_;
  const TokenId close_;
};

TEST_F(ReasoningConstraintTest, AllTextButTheEndUntilTheTag) {
  const auto constraint = Make(/*starts_inside=*/true);
  EXPECT_EQ(Allowed(*constraint).size(), 62u);  // 64 without <pad> and <eos>
  EXPECT_FALSE(constraint->IsStopped());
  for (const TokenId id : tokenizer_.Spell("{x}")) ASSERT_TRUE(constraint->Accept(id).ok());
  ASSERT_TRUE(constraint->Accept(close_).ok());
  EXPECT_EQ(Allowed(*constraint), (std::vector<TokenId>{2}));
  ASSERT_TRUE(constraint->Accept(2).ok());
  ASSERT_TRUE(constraint->Accept(3).ok());
  EXPECT_TRUE(constraint->IsStopped());
}

TEST_F(ReasoningConstraintTest, TheTagMayBeSpelt) {
  const auto constraint = Make(true);
  for (const char byte : std::string("<</think>")) {
    ASSERT_TRUE(constraint->Accept(tokenizer_.Spell(std::string(1, byte))[0]).ok());
  }
  EXPECT_EQ(Allowed(*constraint), (std::vector<TokenId>{2}));
}

TEST_F(ReasoningConstraintTest, TheModelMayBeginToReasonOrNot) {
  const auto reasons = Make(false);
  EXPECT_EQ(Allowed(*reasons), (std::vector<TokenId>{2, open_}));
  ASSERT_TRUE(reasons->Accept(open_).ok());
  EXPECT_EQ(Allowed(*reasons).size(), 62u);
  const auto answers = Make(false);
  ASSERT_TRUE(answers->Accept(2).ok());
  EXPECT_EQ(Allowed(*answers), (std::vector<TokenId>{3}));
}

}  // namespace
}  // namespace redline::engine
