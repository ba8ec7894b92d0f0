#include "engine/runtime/testing_model.h"

#include <limits>
#include <new>
#include <utility>

#include "engine/runtime/engine_options.h"

namespace redline::engine {
namespace {

uint64_t Mix(uint64_t state, uint64_t value) {
  state = (state ^ value) * 0x9E3779B97F4A7C15ull;
  return state ^ (state >> 29);
}

// In [-4, 4).
float LogitOf(uint64_t hash, TokenId token) {
  const uint64_t bits = Mix(Mix(hash, static_cast<uint64_t>(token) + 1), 7) >> 40;
  return static_cast<float>(bits) / static_cast<float>(1 << 21) - 4.0F;
}

void WriteLogits(uint64_t hash, TokenId last_token, std::span<float> row) {
  for (size_t index = 0; index < row.size(); ++index) {
    row[index] = LogitOf(hash, static_cast<TokenId>(index));
  }
  // Nothing but a prompt may hold these.
  row[TestingModel::kPoison] = row[TestingModel::kBomb] = -100;
  if (last_token == TestingModel::kPoison) {
    row[3] = std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace

TestingModel::TestingModel() {
  config_.architecture = "testing";
  config_.vocab_size = kVocabSize;
  config_.max_position_embeddings = 4096;
  config_.eos_token_ids = {kEos};
}

void TestingModel::Forward(const Batch& batch, KvCache& kv, std::span<float> logits) {
  if (on_forward) on_forward(batch);
  size_t logits_row = 0;
  for (const SequenceSlice& slice : batch.slices) {
    const auto slot = [&](int64_t position) -> float& {
      const PageId page = slice.pages[static_cast<size_t>(position / kv.page_size())];
      std::byte* row = kv.Keys(0).At(kv.PageOffset(page) + position % kv.page_size());
      return *reinterpret_cast<float*>(row);  // its layout is f32, one per position
    };
    for (size_t index = 0; index < slice.tokens.size(); ++index) {
      if (slice.tokens[index] == kBomb) throw std::bad_alloc();
      slot(slice.context_len + static_cast<int64_t>(index)) =
          static_cast<float>(slice.tokens[index]);
    }
    uint64_t hash = 0;
    const int64_t length = slice.context_len + static_cast<int64_t>(slice.tokens.size());
    for (int64_t position = 0; position < length; ++position) {
      hash = Mix(hash, static_cast<uint64_t>(slot(position)));
      if (position < length - slice.num_logits) continue;
      WriteLogits(hash, slice.tokens[static_cast<size_t>(position - slice.context_len)],
                  logits.subspan(logits_row++ * kVocabSize, kVocabSize));
    }
  }
}

std::vector<TokenId> ExpectedGreedyTokens(std::vector<TokenId> prompt, int64_t max_tokens) {
  std::vector<TokenId> answer;
  std::vector<float> row(TestingModel::kVocabSize);
  while (static_cast<int64_t>(answer.size()) < max_tokens) {
    uint64_t hash = 0;
    for (const TokenId token : prompt) hash = Mix(hash, static_cast<uint64_t>(token));
    WriteLogits(hash, prompt.back(), row);
    const auto best = static_cast<TokenId>(std::max_element(row.begin(), row.end()) - row.begin());
    if (best == TestingModel::kEos) break;
    answer.push_back(best);
    prompt.push_back(best);
  }
  return answer;
}

std::unique_ptr<TestingEngine> StartTestingEngine(const EngineOptions& options,
                                                  std::function<void(const Batch&)> on_forward) {
  auto testing = std::make_unique<TestingEngine>();
  EngineParts parts;
  for (int64_t rank = 0; rank < options.dp_size; ++rank) {
    auto model = std::make_unique<TestingModel>();
    model->on_forward = on_forward;
    parts.ranks.push_back({std::make_unique<ThreadPool>(1), std::move(model)});
  }
  const Model& model = *parts.ranks.front().model;
  Result<EngineOptions> resolved = ResolveEngineOptions(
      options, model.config().max_position_embeddings,
      {.available_bytes = 64 << 20, .kv_bytes_per_token = model.kv_layout().BytesPerToken()});
  if (!resolved.ok()) return nullptr;
  parts.resolved.options = *resolved;
  Result<std::unique_ptr<Engine>> engine = StartEngine(std::move(parts), testing->metrics);
  if (!engine.ok()) return nullptr;
  testing->engine = std::move(engine).value();
  return testing;
}

}  // namespace redline::engine
