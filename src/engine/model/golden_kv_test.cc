// What a narrow KV cache costs in accuracy, on the texts of the golden data.
#include <gtest/gtest.h>

#include <cmath>

#include "base/sanitizers.h"
#include "engine/model/testing_checkpoint.h"
#include "engine/model/testing_golden.h"

namespace redline::engine {
namespace {

// Of a log-probability from that with an f32 cache, by kernels that compute in f32; the mean over
// every next token of the golden texts. Measured: bf16 0.0041 (stories) to 0.0053 (SmolLM2), at
// most 0.11 for one token; fp8_e4m3 0.046 (stories) to 0.083 (SmolLM2), at most 1.2.
struct Bound {
  KvDtype kv_dtype;
  double mean_difference;
};
constexpr Bound kBounds[] = {{KvDtype::kBf16, 0.01}, {KvDtype::kFp8E4m3, 0.15}};

class GoldenKvTest : public testing::TestWithParam<GoldenModel> {
 protected:
  void SetUp() override {
    if (kIsSanitized && GetParam().slow)
      GTEST_SKIP() << "too slow under a sanitizer; the release build runs it";
    const std::filesystem::path path = FindModel(GetParam());
    if (path.empty())
      GTEST_SKIP() << "NO MODEL FILE: " << GetParam().paths.back() << " is not there";
    auto checkpoint = OpenCheckpoint(path);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().ToString();
    checkpoint_ = std::move(*checkpoint);
    auto golden = ReadGolden(GetParam());
    ASSERT_TRUE(golden.ok()) << golden.status().ToString();
    for (const nlohmann::json& prompt : (*golden)["prompts"]) {
      auto ids = prompt["ids"].get<std::vector<TokenId>>();
      for (const auto& step : prompt["greedy"]) ids.push_back(step[0].get<TokenId>());
      texts_.push_back(std::move(ids));
    }
  }

  // The log-probability of every token but a text's first.
  std::vector<double> LogprobsOfTexts(KvDtype kv_dtype) {
    // Rounding the activations as well would drown what the cache costs.
    const ModelOptions options = {.isa = std::string(SelectKernels().value()->vectors),
                                  .kv_dtype = kv_dtype};
    const auto model = MakeModel(*checkpoint_, pool_, options).value();
    const auto kv = KvCache::Create(model->kv_layout(), 64, 16).value();
    const auto vocab_size = static_cast<size_t>(checkpoint_->config().vocab_size);
    std::vector<double> result;
    for (const std::vector<TokenId>& text : texts_) {
      std::vector<float> logits(text.size() * vocab_size);
      TestingSequence sequence(*kv, 0, 64 * 16);
      const Batch batch = {{sequence.Next(text, static_cast<int64_t>(text.size()))}};
      model->Forward(batch, *kv, logits);
      for (size_t i = 0; i + 1 < text.size(); ++i) {
        const float* row = logits.data() + i * vocab_size;
        result.push_back(row[text[i + 1]] -
                         model->kernels().log_sum_exp(row, static_cast<int64_t>(vocab_size)));
      }
    }
    return result;
  }

  ThreadPool pool_{2};
  std::unique_ptr<Checkpoint> checkpoint_;
  std::vector<std::vector<TokenId>> texts_;
};

TEST_P(GoldenKvTest, NarrowCachesStayClose) {
  const std::vector<double> expected = LogprobsOfTexts(KvDtype::kF32);
  for (const Bound& bound : kBounds) {
    const std::vector<double> actual = LogprobsOfTexts(bound.kv_dtype);
    double sum = 0;
    for (size_t i = 0; i < expected.size(); ++i) sum += std::fabs(actual[i] - expected[i]);
    const double mean = sum / static_cast<double>(expected.size());
    EXPECT_LT(mean, bound.mean_difference) << InfoOf(bound.kv_dtype).name;
    EXPECT_GT(mean, 0) << InfoOf(bound.kv_dtype).name << " was not used";
  }
}

INSTANTIATE_TEST_SUITE_P(AllModels, GoldenKvTest, testing::ValuesIn(GoldenModels()),
                         [](const auto& model) { return model.param.name; });

}  // namespace
}  // namespace redline::engine
