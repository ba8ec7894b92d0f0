// Speed of a model's forward pass on this machine, without a server around it.
//   model_bench PATH [threads] [repeats] [KV dtype]
// Prints tokens per second, median of the repeats with the slowest and the fastest, for prefill
// chunks and for decode steps of several batch sizes at a context length. Random tokens.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "base/process.h"
#include "engine/model/testing_checkpoint.h"

namespace redline::engine {
namespace {

constexpr int64_t kPageSize = 16;
constexpr int64_t kMaxRows = 512;

class Bench {
 public:
  Bench(Model& model, int repeats) : model_(model), repeats_(repeats) {
    logits_.resize(static_cast<size_t>(kMaxBatch * model.config().vocab_size));
  }

  // Feeds `num_tokens` in chunks of 512; counts them all.
  void Prefill(int64_t num_tokens) {
    const auto kv = MakeCache(1, num_tokens);
    const std::vector<TokenId> tokens = RandomTokens(num_tokens);
    Measure(fmt::format("prefill {} tokens", num_tokens), static_cast<double>(num_tokens),
            [&] { TestingSequence(*kv, 0, num_tokens).Feed(model_, *kv, tokens, kMaxRows); });
  }

  // Steps of one token for each of `batch_size` sequences that stand at `context_len`.
  void Decode(int64_t batch_size, int64_t context_len) {
    constexpr int64_t kSteps = 16;
    const auto kv = MakeCache(batch_size, context_len + kSteps);
    const int64_t pages_each = kv->num_pages() / batch_size;
    const std::vector<TokenId> token = RandomTokens(1);
    const std::vector<TokenId> context = RandomTokens(context_len);
    const auto step = [&](std::vector<TestingSequence>& sequences) {
      Batch batch;
      for (TestingSequence& sequence : sequences) batch.slices.push_back(sequence.Next(token));
      model_.Forward(batch, *kv, logits_);
    };
    std::vector<TestingSequence> prefilled;
    for (int64_t i = 0; i < batch_size; ++i) {
      prefilled.emplace_back(*kv, i * pages_each, context_len + kSteps);
      prefilled.back().Feed(model_, *kv, context, kMaxRows);
    }
    Measure(fmt::format("decode {} x context {}", batch_size, context_len),
            static_cast<double>(kSteps * batch_size), [&] {
              std::vector<TestingSequence> sequences = prefilled;
              for (int64_t i = 0; i < kSteps; ++i) step(sequences);
            });
  }

 private:
  static constexpr int64_t kMaxBatch = 64;

  std::unique_ptr<KvCache> MakeCache(int64_t num_sequences, int64_t max_tokens) const {
    const int64_t pages_each = (max_tokens + kPageSize - 1) / kPageSize;
    return KvCache::Create(model_.kv_layout(), num_sequences * pages_each, kPageSize).value();
  }

  std::vector<TokenId> RandomTokens(int64_t count) {
    std::vector<TokenId> tokens;
    for (int64_t i = 0; i < count; ++i)
      tokens.push_back(static_cast<TokenId>(RandomInt(0, model_.config().vocab_size - 1, random_)));
    return tokens;
  }

  template <typename Work>
  void Measure(const std::string& name, double num_tokens, const Work& work) {
    std::vector<double> tokens_per_second;
    for (int repeat = 0; repeat <= repeats_; ++repeat) {
      const MonotonicTime start = MonotonicNow();
      work();
      if (repeat > 0) tokens_per_second.push_back(num_tokens / SecondsSince(start));
    }
    std::sort(tokens_per_second.begin(), tokens_per_second.end());
    fmt::print("{:28} {:8.1f} tok/s  ({:.1f} .. {:.1f}, {} repeats)\n", name,
               tokens_per_second[tokens_per_second.size() / 2], tokens_per_second.front(),
               tokens_per_second.back(), repeats_);
  }

  Model& model_;
  const int repeats_;
  std::vector<float> logits_;
  std::mt19937 random_{3};
};

int BenchModel(const char* path, int num_threads, int repeats, const char* kv_dtype_name) {
  const auto kv_dtype = ParseKvDtype(kv_dtype_name);
  if (!kv_dtype.ok()) {
    fmt::print(stderr, "{}\n", kv_dtype.status().ToString());
    return 1;
  }
  const auto checkpoint = OpenCheckpoint(path);
  if (!checkpoint.ok()) {
    fmt::print(stderr, "{}\n", checkpoint.status().ToString());
    return 1;
  }
  ThreadPool pool(num_threads);
  const auto model =
      MakeModel(**checkpoint, pool, {.max_batch_rows = kMaxRows, .kv_dtype = *kv_dtype});
  if (!model.ok()) {
    fmt::print(stderr, "{}\n", model.status().ToString());
    return 1;
  }
  fmt::print("{} threads, {}, {} MB of weights, KV cache of {}\n", num_threads,
             (*model)->kernels().name, (*model)->WeightBytes() / 1000000,
             InfoOf((*model)->kv_layout().dtype).name);
  Bench bench(**model, repeats);
  for (const int64_t context_len : {16, 1000}) {
    for (const int64_t batch_size : {1, 4, 16}) bench.Decode(batch_size, context_len);
  }
  for (const int64_t num_tokens : {128, 512, 2048}) bench.Prefill(num_tokens);
  return 0;
}

}  // namespace
}  // namespace redline::engine

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: model_bench PATH [threads] [repeats] [KV dtype]\n");
    return 2;
  }
  const int num_threads = argc > 2 ? std::atoi(argv[2]) : redline::AvailableCpus();
  const int repeats = argc > 3 ? std::atoi(argv[3]) : 9;
  return redline::engine::BenchModel(argv[1], std::max(num_threads, 1), std::max(repeats, 1),
                                     argc > 4 ? argv[4] : "auto");
}
