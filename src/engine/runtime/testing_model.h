// A model for tests: its logits are a hash of all tokens of the sequence, read back from the KV
// pages, so a wrong page, position or chunk changes the answer. Deterministic and batch-invariant,
// as the contract of Model::Forward asks.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/model/model.h"
#include "engine/runtime/engine_parts.h"

namespace redline::engine {

class TestingModel final : public Model {
 public:
  static constexpr int64_t kVocabSize = 64;
  static constexpr TokenId kEos = 1;
  static constexpr TokenId kPoison = 62;  // as the last token: logits are NaN
  static constexpr TokenId kBomb = 63;    // anywhere in a batch: Forward throws bad_alloc

  TestingModel();
  const ModelConfig& config() const override { return config_; }
  void Forward(const Batch& batch, KvCache& kv, std::span<float> logits) override;
  Result<std::unique_ptr<Model>> MakeReplica(ThreadPool& /*pool*/) const override {
    return std::unique_ptr<Model>(std::make_unique<TestingModel>(*this));
  }
  int64_t ActivationBytes(int64_t /*max_rows*/) const override { return 0; }
  KvLayout kv_layout() const override {
    return {.num_layers = 1, .num_kv_heads = 1, .head_dim = 1};
  }

  int64_t WeightBytes() const override { return 0; }
  const KernelSet& kernels() const override { return *AvailableKernels().front(); }

  // Called at the start of every Forward, on the engine thread.
  std::function<void(const Batch&)> on_forward;

 private:
  ModelConfig config_;
};

// The answer the model gives to `prompt`, greedily: what any engine must reproduce. Stops before
// EOS.
std::vector<TokenId> ExpectedGreedyTokens(std::vector<TokenId> prompt, int64_t max_tokens);

struct TestingEngine {
  MetricsRegistry metrics;
  std::unique_ptr<Engine> engine;
};
std::unique_ptr<TestingEngine> StartTestingEngine(
    const EngineOptions& options, std::function<void(const Batch&)> on_forward = nullptr);

}  // namespace redline::engine
