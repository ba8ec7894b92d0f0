// What every user of a model relies on: bits that depend on the sequence alone, and named errors.
#include "engine/model/llama.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "engine/model/testing_checkpoint.h"

namespace redline::engine {
namespace {

std::vector<TokenId> RandomTokens(int64_t count, int64_t vocab_size, std::mt19937& random) {
  std::vector<TokenId> tokens;
  for (int64_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<TokenId>(RandomInt(0, vocab_size - 1, random)));
  return tokens;
}

bool SameBits(std::span<const float> left, std::span<const float> right) {
  return left.size() == right.size() &&
         std::memcmp(left.data(), right.data(), left.size_bytes()) == 0;
}

ModelConfig ConfigOf(std::string_view kind) {
  ModelConfig config = TestingCheckpoint::SmallConfig();
  if (kind == "qwen2") config.attention_bias = config.tie_word_embeddings = true;
  if (kind == "qwen3") config.qk_norm = true, config.head_dim = 64;
  if (kind == "gguf") config.rope_layout = RopeLayout::kInterleaved;
  if (kind == "llama3") {
    config.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 64};
    config.num_key_value_heads = 3;
  }
  return config;
}

struct Variant {
  std::string isa;
  DType dtype;
  std::string kind;
  KvDtype kv_dtype = KvDtype::kF32;
};

std::vector<Variant> AllVariants() {
  std::vector<Variant> variants;
  for (const KernelSet* kernels : AvailableKernels()) {
    const std::string isa(kernels->name);
    variants.push_back({isa, DType::kF32, "llama3"});
    variants.push_back({isa, DType::kF32, "llama3", KvDtype::kBf16});
    variants.push_back({isa, DType::kF32, "llama3", KvDtype::kFp8E4m3});
    variants.push_back({isa, DType::kF16, "gguf"});
    variants.push_back({isa, DType::kBF16, "qwen2"});
    variants.push_back({isa, DType::kQ8_0, "qwen3"});
    variants.push_back({isa, DType::kQ4_0, "gguf"});
    variants.push_back({isa, DType::kQ4_1, "llama3"});
    if (isa == "ref") continue;
    variants.push_back({isa, DType::kBF16, "qwen2", KvDtype::kBf16});
    variants.push_back({isa, DType::kQ4_1, "llama3", KvDtype::kBf16});
    variants.push_back({isa, DType::kQ4_1, "llama3", KvDtype::kFp8E4m3});
  }
  return variants;
}

class LlamaTest : public testing::TestWithParam<Variant> {
 protected:
  LlamaTest() : checkpoint_(ConfigOf(GetParam().kind), GetParam().dtype) {}

  std::unique_ptr<Model> Make(ThreadPool& pool) {
    auto model = MakeModel(checkpoint_, pool,
                           {.max_batch_rows = 600,
                            .max_logits_rows = 3,
                            .isa = GetParam().isa,
                            .kv_dtype = GetParam().kv_dtype});
    EXPECT_TRUE(model.ok()) << model.status().ToString();
    return std::move(*model);
  }
  std::unique_ptr<KvCache> MakeCache(const Model& model, int64_t page_size) {
    return KvCache::Create(model.kv_layout(), 4096 / page_size, page_size).value();
  }
  std::vector<float> FeedAlone(Model& model, std::span<const TokenId> tokens, size_t chunk_size,
                               int64_t page_size) {
    const auto kv = MakeCache(model, page_size);
    return TestingSequence(*kv, 0, 1024).Feed(model, *kv, tokens, chunk_size);
  }
  // The logits after every token of a prompt, fed in chunks; with two rows more of a neighbour in
  // every batch.
  std::vector<float> PromptLogits(Model& model, std::span<const TokenId> tokens,
                                  size_t chunk_size) {
    const auto kv = MakeCache(model, 16);
    const auto vocab_size = static_cast<size_t>(model.config().vocab_size);
    TestingSequence sequence(*kv, 0, 1024);
    TestingSequence neighbour(*kv, 64, 1024);
    std::vector<float> all;
    while (!tokens.empty()) {
      const std::span<const TokenId> chunk = tokens.first(std::min(chunk_size, tokens.size()));
      tokens = tokens.subspan(chunk.size());
      const std::vector<TokenId> company = {1, 2};
      std::vector<float> logits((chunk.size() + 2) * vocab_size);
      const Batch batch = {
          {sequence.Next(chunk, static_cast<int64_t>(chunk.size())), neighbour.Next(company, 2)}};
      model.Forward(batch, *kv, logits);
      all.insert(all.end(), logits.begin(), logits.end() - static_cast<ptrdiff_t>(2 * vocab_size));
    }
    return all;
  }
  std::vector<TokenId> Tokens(int64_t count) {
    return RandomTokens(count, checkpoint_.config().vocab_size, random_);
  }

  TestingCheckpoint checkpoint_;
  std::mt19937 random_{11};
};

TEST_P(LlamaTest, ChunksThreadsAndPagesDoNotChangeBits) {
  ThreadPool one_thread(1);
  ThreadPool two_threads(2);
  const auto model = Make(one_thread);
  const auto threaded_model = Make(two_threads);
  const std::vector<TokenId> tokens = Tokens(GetParam().isa == "ref" ? 70 : 530);
  const std::vector<float> whole = FeedAlone(*model, tokens, 600, 16);
  for (const float logit : whole) ASSERT_TRUE(std::isfinite(logit));
  for (const size_t chunk_size : {1, 16, 64, 512}) {
    EXPECT_TRUE(SameBits(FeedAlone(*model, tokens, chunk_size, 16), whole)) << chunk_size;
    if (chunk_size == 1) continue;  // threaded single steps: CompanyInABatchDoesNotChangeBits
    EXPECT_TRUE(SameBits(FeedAlone(*threaded_model, tokens, chunk_size, 16), whole)) << chunk_size;
  }
  for (const int64_t page_size : {1, 7, 64})
    EXPECT_TRUE(SameBits(FeedAlone(*threaded_model, tokens, 100, page_size), whole)) << page_size;
}

// Eight sequences of other lengths and phases in one batch, for several steps.
TEST_P(LlamaTest, CompanyInABatchDoesNotChangeBits) {
  constexpr int64_t kPageSize = 16;
  constexpr size_t kNumSequences = 8;
  ThreadPool pool(2);
  const auto model = Make(pool);
  const auto kv = MakeCache(*model, kPageSize);
  const auto vocab_size = static_cast<size_t>(model->config().vocab_size);
  std::vector<std::vector<TokenId>> tokens;
  std::vector<TestingSequence> sequences;
  for (size_t i = 0; i < kNumSequences; ++i) {
    tokens.push_back(Tokens(RandomInt(4, 60, random_)));
    sequences.emplace_back(*kv, static_cast<int64_t>(i) * 8, 128);
  }
  for (size_t step = 0; step < 3; ++step) {  // a prefill chunk each, then two decodes
    Batch batch;
    for (size_t i = 0; i < kNumSequences; ++i) {
      const std::span<const TokenId> all = tokens[i];
      batch.slices.push_back(sequences[i].Next(step == 0 ? all.first(all.size() - 2)
                                                         : all.subspan(all.size() - 3 + step, 1)));
    }
    std::vector<float> logits(kNumSequences * vocab_size);
    model->Forward(batch, *kv, logits);
    for (size_t i = 0; i < kNumSequences; ++i) {
      const std::span<const TokenId> so_far(tokens[i].data(), tokens[i].size() - 2 + step);
      const std::vector<float> alone = FeedAlone(*model, so_far, 600, kPageSize);
      EXPECT_TRUE(SameBits({logits.data() + i * vocab_size, vocab_size}, alone))
          << "sequence " << i << " step " << step;
    }
  }
}

// A prompt's log-probs: every row of logits, in one slice or in chunks, is that of decoding one by
// one.
TEST_P(LlamaTest, LogitsOfEveryPositionDoNotDependOnChunks) {
  ThreadPool pool(2);
  const auto model = Make(pool);
  const std::vector<TokenId> tokens = Tokens(GetParam().isa == "ref" ? 24 : 150);
  const std::vector<float> one_by_one = PromptLogits(*model, tokens, 1);
  for (const size_t chunk_size : {7, 64, 600})
    EXPECT_TRUE(SameBits(PromptLogits(*model, tokens, chunk_size), one_by_one)) << chunk_size;
  const size_t last = one_by_one.size() - static_cast<size_t>(model->config().vocab_size);
  EXPECT_TRUE(SameBits(std::span(one_by_one).subspan(last), FeedAlone(*model, tokens, 600, 16)));
}

// By how much instruction sets may differ: a difference in an f32's last bits may round to another
// element of a narrow cache. Where activations are rounded, log-probabilities differ by up to 0.17.
float ToleranceOf(const KernelSet& kernels, DType weights, KvDtype kv_dtype) {
  if (kernels.arithmetic == Arithmetic::kBf16 || kernels.rows.of(weights) != RowForm::kF32)
    return 0.4f;
  switch (kv_dtype) {
    case KvDtype::kF32:
      return 1e-4f;
    case KvDtype::kBf16:
      return 4e-3f;
    case KvDtype::kFp8E4m3:
      return 4e-2f;
  }
  return 0;
}

// Every instruction set computes the same model: log-probabilities close to the reference's.
TEST_P(LlamaTest, AgreesWithTheReferenceKernels) {
  ThreadPool pool(1);
  const auto model = Make(pool);
  auto reference = MakeModel(checkpoint_, pool, {.isa = "ref", .kv_dtype = GetParam().kv_dtype});
  const std::vector<TokenId> tokens = Tokens(80);
  const std::vector<float> actual = FeedAlone(*model, tokens, 50, 16);
  const std::vector<float> expected = FeedAlone(**reference, tokens, 50, 16);
  const auto size = static_cast<int64_t>(actual.size());
  const float actual_sum = model->kernels().log_sum_exp(actual.data(), size);
  const float expected_sum = (*reference)->kernels().log_sum_exp(expected.data(), size);
  const float tolerance = ToleranceOf(model->kernels(), GetParam().dtype, GetParam().kv_dtype);
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i] - actual_sum, expected[i] - expected_sum, tolerance);
}

INSTANTIATE_TEST_SUITE_P(AllVariants, LlamaTest, testing::ValuesIn(AllVariants()),
                         [](const auto& variant) {
                           return variant.param.isa + "_" +
                                  std::string(InfoOf(variant.param.dtype).name) + "_" +
                                  variant.param.kind + "_kv_" +
                                  std::string(InfoOf(variant.param.kv_dtype).name);
                         });

// Two replicas at the same time, the first model gone: each gives the bits of one alone.
TEST_P(LlamaTest, ReplicasRunSideBySide) {
  constexpr size_t kNumReplicas = 2;
  ThreadPool pools[kNumReplicas] = {ThreadPool(2), ThreadPool(1)};
  const std::vector<TokenId> tokens = Tokens(GetParam().isa == "ref" ? 24 : 150);
  auto model = Make(pools[0]);
  const std::vector<float> alone = FeedAlone(*model, tokens, 32, 16);
  std::unique_ptr<Model> replicas[kNumReplicas];
  for (size_t i = 0; i < kNumReplicas; ++i) {
    replicas[i] = model->MakeReplica(pools[i]).value();
    EXPECT_EQ(replicas[i]->WeightBytes(), model->WeightBytes());
    EXPECT_EQ(replicas[i]->kv_layout().BytesPerToken(), model->kv_layout().BytesPerToken());
  }
  model.reset();
  std::vector<float> results[kNumReplicas];
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kNumReplicas; ++i) {
    threads.emplace_back([&, i] {
      results[i] = FeedAlone(*replicas[i], tokens, 32, 16);
      replicas[i].reset();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& result : results) EXPECT_TRUE(SameBits(result, alone));
}

TEST(LlamaKvDtypeTest, AutoFollowsTheWeightsAndTheArithmetic) {
  struct Case {
    DType weights;
    KvDtype of_f32;  // by KernelSet::arithmetic
    KvDtype of_int8;
  };
  constexpr Case kCases[] = {
      {DType::kF32, KvDtype::kF32, KvDtype::kF32},
      {DType::kF16, KvDtype::kF32, KvDtype::kF32},
      {DType::kBF16, KvDtype::kBf16, KvDtype::kBf16},
      {DType::kQ4_1, KvDtype::kF32, KvDtype::kBf16},
  };
  ThreadPool pool(1);
  for (const KernelSet* kernels : AvailableKernels()) {
    for (const auto& [weights, of_f32, of_int8] : kCases) {
      const std::string isa(kernels->name);
      const KvDtype expected = kernels->arithmetic == Arithmetic::kF32    ? of_f32
                               : kernels->arithmetic == Arithmetic::kInt8 ? of_int8
                                                                          : KvDtype::kBf16;
      const TestingCheckpoint checkpoint(ConfigOf("llama"), weights);
      EXPECT_EQ(MakeModel(checkpoint, pool, {.isa = isa}).value()->kv_layout().dtype, expected)
          << isa << " " << InfoOf(weights).name;
      const ModelOptions asked = {.isa = isa, .kv_dtype = KvDtype::kFp8E4m3};
      EXPECT_EQ(MakeModel(checkpoint, pool, asked).value()->kv_layout().dtype, KvDtype::kFp8E4m3);
    }
  }
}

Status StatusOfModel(const TestingCheckpoint& checkpoint, const ModelOptions& options = {}) {
  ThreadPool pool(1);
  return MakeModel(checkpoint, pool, options).status();
}

void ExpectError(const Status& status, Code code, std::initializer_list<std::string_view> words) {
  EXPECT_EQ(status.code(), code) << status.ToString();
  for (const std::string_view word : words)
    EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
}

TEST(LlamaErrorsTest, MissingTensorIsNamed) {
  TestingCheckpoint checkpoint(ConfigOf("qwen2"), DType::kF32);
  checkpoint.Remove("model.layers.1.self_attn.k_proj.bias");
  ExpectError(StatusOfModel(checkpoint), Code::kDataLoss,
              {"model.layers.1.self_attn.k_proj.bias", "missing"});
}

TEST(LlamaErrorsTest, WrongShapeIsNamedWithBothShapes) {
  TestingCheckpoint checkpoint(ConfigOf("llama"), DType::kF32);
  checkpoint.Reshape("model.layers.2.mlp.down_proj.weight", {160, 96});
  ExpectError(StatusOfModel(checkpoint), Code::kDataLoss,
              {"model.layers.2.mlp.down_proj.weight", "[160, 96]", "[96, 160]"});
}

TEST(LlamaErrorsTest, UnknownArchitectureNamesThoseItHas) {
  ModelConfig config = ConfigOf("llama");
  config.architecture = "mamba";
  ExpectError(StatusOfModel(TestingCheckpoint(config, DType::kF32)), Code::kUnimplemented,
              {"mamba", "llama"});
}

TEST(LlamaErrorsTest, TooLittleMemorySaysNeedAndHave) {
  const TestingCheckpoint checkpoint(ConfigOf("llama"), DType::kF32);
  ExpectError(StatusOfModel(checkpoint, {.max_batch_rows = int64_t{1} << 40}),
              Code::kResourceExhausted, {"needs", "available"});
}

TEST(LlamaErrorsTest, UnknownIsaNamesThoseItHas) {
  const TestingCheckpoint checkpoint(ConfigOf("llama"), DType::kF32);
  ExpectError(StatusOfModel(checkpoint, {.isa = "neon"}), Code::kInvalidArgument, {"neon", "ref"});
}

}  // namespace
}  // namespace redline::engine
