// The engine's log-probabilities against tests/reference: an independent f64 implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/sanitizers.h"
#include "engine/model/testing_checkpoint.h"
#include "engine/model/testing_golden.h"

namespace redline::engine {
namespace {

// Measured: means of 0.002 to 0.019, at most 0.09 (the tiny models) and 0.24 (SmolLM2).
constexpr float kBf16Tolerance = 0.4f;
constexpr float kBf16MeanTolerance = 0.04f;

using Case = std::tuple<GoldenModel, std::string>;

class GoldenTest : public testing::TestWithParam<Case> {
 protected:
  const GoldenModel& golden_model() const { return std::get<0>(GetParam()); }
  const std::string& isa() const { return std::get<1>(GetParam()); }

  void SetUp() override {
    if (kIsSanitized && golden_model().slow)
      GTEST_SKIP() << "too slow under a sanitizer; the release build runs it";
    const std::filesystem::path path = FindModel(golden_model());
    if (path.empty())
      GTEST_SKIP() << "NO MODEL FILE: " << golden_model().paths.back() << " is not there";
    auto checkpoint = OpenCheckpoint(path);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
    auto model = MakeModel(**checkpoint, pool_, {.isa = isa(), .kv_dtype = KvDtype::kF32});
    ASSERT_TRUE(model.ok()) << model.status().ToString();
    model_ = std::move(*model);
    kv_ = KvCache::Create(model_->kv_layout(), 64, 16).value();
    auto golden = ReadGolden(golden_model());
    ASSERT_TRUE(golden.ok()) << golden.status().ToString();
    golden_ = std::move(*golden);
    rounds_ = Rounds(**checkpoint);
  }
  void TearDown() override {
    if (differences_.empty() || !rounds_) return;
    const double sum = std::accumulate(differences_.begin(), differences_.end(), 0.0);
    EXPECT_LE(sum / static_cast<double>(differences_.size()),
              IsBf16() ? kBf16MeanTolerance : golden_model().rounded_mean_tolerance);
  }

  bool IsBf16() const { return model_->kernels().arithmetic == Arithmetic::kBf16; }
  // Whether the kernels round activations, of this model at least.
  bool Rounds(const Checkpoint& checkpoint) const {
    if (IsBf16()) return true;
    const std::vector<const TensorView*> tensors = checkpoint.AllTensors();
    return std::any_of(tensors.begin(), tensors.end(), [&](const TensorView* tensor) {
      return model_->kernels().rows.of(tensor->dtype) != RowForm::kF32;
    });
  }
  float Tolerance() const {
    if (IsBf16()) return kBf16Tolerance;
    return rounds_ ? golden_model().rounded_tolerance : golden_model().tolerance;
  }
  void ExpectLogprob(float actual, float expected) {
    EXPECT_NEAR(actual, expected, Tolerance());
    differences_.push_back(std::abs(actual - expected));
  }

  // Log-probabilities after each token of `tokens`, taken from one chunk and single steps in turn.
  std::vector<std::vector<float>> LogprobsAfterEach(const std::vector<TokenId>& tokens,
                                                    size_t first) {
    TestingSequence sequence(*kv_, 0, 64 * 16);
    std::vector<std::vector<float>> result;
    for (size_t done = 0; done < tokens.size();) {
      const size_t count = done == 0 ? first + 1 : 1;
      std::vector<float> row =
          sequence.Feed(*model_, *kv_, std::span(tokens).subspan(done, count), 512);
      const float sum = model_->kernels().log_sum_exp(row.data(), static_cast<int64_t>(row.size()));
      for (float& value : row) value -= sum;
      result.push_back(std::move(row));
      done += count;
    }
    return result;
  }

  void ExpectPositions(const nlohmann::json& prompt) {
    const auto ids = prompt["ids"].get<std::vector<TokenId>>();
    const auto logprobs = LogprobsAfterEach(ids, 0);
    for (size_t i = 0; i < ids.size(); ++i) {
      const nlohmann::json& expected = prompt["positions"][i];
      SCOPED_TRACE("position " + std::to_string(i));
      for (const auto& [id, logprob] : expected["top5"].get<std::vector<std::pair<int, float>>>())
        ExpectLogprob(logprobs[i][static_cast<size_t>(id)], logprob);
      if (expected["next_logprob"].is_null()) continue;
      ExpectLogprob(logprobs[i][static_cast<size_t>(ids[i + 1])],
                    expected["next_logprob"].get<float>());
    }
  }

  // Greedy continuation: the golden's tokens, with their log-probabilities. Where two tokens are
  // closer than the tolerance the golden's choice is followed.
  void ExpectGreedy(const nlohmann::json& prompt) {
    auto ids = prompt["ids"].get<std::vector<TokenId>>();
    const size_t last = ids.size() - 1;
    const auto greedy = prompt["greedy"].get<std::vector<std::pair<TokenId, float>>>();
    for (const auto& step : greedy) ids.push_back(step.first);
    const auto logprobs = LogprobsAfterEach(ids, last);
    for (size_t i = 0; i < greedy.size(); ++i) {
      const std::vector<float>& row = logprobs[i];
      const auto [id, logprob] = greedy[i];
      SCOPED_TRACE("step " + std::to_string(i));
      ExpectLogprob(row[static_cast<size_t>(id)], logprob);
      const auto best = static_cast<size_t>(
          model_->kernels().argmax(row.data(), static_cast<int64_t>(row.size())));
      EXPECT_LE(row[best] - row[static_cast<size_t>(id)], Tolerance());
    }
  }

  ThreadPool pool_{2};
  std::unique_ptr<Model> model_;
  std::unique_ptr<KvCache> kv_;
  nlohmann::json golden_;
  bool rounds_ = false;
  std::vector<float> differences_;
};

TEST_P(GoldenTest, LogprobsOfEveryPosition) {
  for (const nlohmann::json& prompt : golden_["prompts"]) ExpectPositions(prompt);
}

TEST_P(GoldenTest, GreedyContinuation) {
  for (const nlohmann::json& prompt : golden_["prompts"]) ExpectGreedy(prompt);
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const GoldenModel& model : GoldenModels()) {
    for (const KernelSet* kernels : AvailableKernels()) {
      if (!model.slow || kernels->name != "ref") cases.emplace_back(model, kernels->name);
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(AllModels, GoldenTest, testing::ValuesIn(Cases()), [](const auto& test) {
  return std::get<0>(test.param).name + "_" + std::get<1>(test.param);
});

}  // namespace
}  // namespace redline::engine
