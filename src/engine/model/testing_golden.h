// The models and golden data of tests/reference: log-probabilities by an independent f64
// implementation.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/files.h"

namespace redline::engine {

struct GoldenModel {
  std::string name;
  std::string golden;
  std::vector<std::string> paths;  // where the model may be; $NAME is an environment variable
  float tolerance;                 // of a log-probability
  bool slow;                       // too large for the reference kernels
  // Of kernels that round activations, to bytes or to bf16: at most, and in the mean.
  float rounded_tolerance = 0.25f;
  float rounded_mean_tolerance = 0.05f;
};

// The tolerances are a few times what plain f32 arithmetic strays from f64 (float32_max_abs_diff).
// Those of kernels that round are about twice what was measured with int8: a mean of 0.026 and at
// most 0.13 (the tiny models), and 0.079 and 0.73 (SmolLM2, which has a few very large
// activations).
inline const std::vector<GoldenModel>& GoldenModels() {
  static const std::vector<GoldenModel> models = {
      {"qwen2", "golden_tiny_qwen2.json", {"tests/reference/tiny/tiny_qwen2"}, 2e-5f, false},
      {"qwen3", "golden_tiny_qwen3.json", {"tests/reference/tiny/tiny_qwen3"}, 2e-5f, false},
      {"llama3", "golden_tiny_llama3.json", {"tests/reference/tiny/tiny_llama3"}, 2e-5f, false},
      {"linear", "golden_tiny_linear.json", {"tests/reference/tiny/tiny_linear"}, 2e-5f, false},
      {"q4_k", "golden_tiny_q4_k.json", {"tests/reference/tiny/tiny_q4_k.gguf"}, 5e-5f, false},
      {"q5_k", "golden_tiny_q5_k.json", {"tests/reference/tiny/tiny_q5_k.gguf"}, 5e-5f, false},
      {"q6_k", "golden_tiny_q6_k.json", {"tests/reference/tiny/tiny_q6_k.gguf"}, 5e-5f, false},
      {"stories_gguf",
       "golden_stories260k.json",
       {"../shared/data/models/stories260K-f32.gguf"},
       5e-5f,
       false},
      {"stories_hf",
       "golden_stories260k.json",
       {"../shared/data/models/stories260K-hf"},
       5e-5f,
       false},
      {"smollm2",
       "golden_smollm2.json",
       {"$REDLINE_SMOLLM2_GGUF", "build/test-data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"},
       3e-4f,
       true,
       1.5f,
       0.15f},
  };
  return models;
}

// Empty: not there.
inline std::filesystem::path FindModel(const GoldenModel& model) {
  for (std::string path : model.paths) {
    if (path.starts_with('$')) {
      const char* value = std::getenv(path.c_str() + 1);
      path = value == nullptr ? "" : value;
    }
    if (!path.empty() && std::filesystem::exists(path)) return path;
  }
  return {};
}

inline Result<nlohmann::json> ReadGolden(const GoldenModel& model) {
  RL_ASSIGN_OR_RETURN(const std::string text, ReadFile("tests/reference/" + model.golden));
  return nlohmann::json::parse(text);
}

}  // namespace redline::engine
