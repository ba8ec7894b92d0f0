#include "engine/weights/config_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace redline::engine {
namespace {

struct CountBound {
  std::string_view key;
  int64_t ModelConfig::*field;
  int64_t max;
};

// Far above any model of these families, and low enough that no product of them overflows.
constexpr CountBound kCountBounds[] = {
    {"hidden_size", &ModelConfig::hidden_size, 1 << 17},
    {"intermediate_size", &ModelConfig::intermediate_size, 1 << 20},
    {"num_hidden_layers", &ModelConfig::num_hidden_layers, 1024},
    {"num_attention_heads", &ModelConfig::num_attention_heads, 1024},
    {"num_key_value_heads", &ModelConfig::num_key_value_heads, 1024},
    {"head_dim", &ModelConfig::head_dim, 1024},
    {"vocab_size", &ModelConfig::vocab_size, 1 << 22},
    {"max_position_embeddings", &ModelConfig::max_position_embeddings, 1 << 26},
};

Status Bad(std::string_view key, const std::string& why) {
  return Status(Code::kDataLoss, std::string(key) + " " + why, std::string(key));
}

Status CheckRange(std::string_view key, double value, double min, double max) {
  if (value >= min && value <= max) return OkStatus();  // false for NaN
  return Bad(key, fmt::format("is {}; a number from {} to {} expected", value, min, max));
}

Status CheckTokenIds(const ModelConfig& config) {
  const auto in_vocabulary = [&](TokenId id) { return id >= 0 && id < config.vocab_size; };
  for (const TokenId id : config.eos_token_ids) {
    if (!in_vocabulary(id)) return Bad("eos_token_id", std::to_string(id) + " is not a token");
  }
  if (config.bos_token_id && !in_vocabulary(*config.bos_token_id))
    return Bad("bos_token_id", std::to_string(*config.bos_token_id) + " is not a token");
  return OkStatus();
}

Status CheckScaling(const RopeScaling& scaling) {
  if (scaling.kind == RopeScaling::Kind::kNone) return OkStatus();
  RL_RETURN_IF_ERROR(CheckRange("rope_scaling.factor", scaling.factor, 1, 1e6));
  if (scaling.kind == RopeScaling::Kind::kLinear) return OkStatus();
  RL_RETURN_IF_ERROR(
      CheckRange("rope_scaling.low_freq_factor", scaling.low_freq_factor, 1e-3, 1e6));
  RL_RETURN_IF_ERROR(
      CheckRange("rope_scaling.high_freq_factor", scaling.high_freq_factor, 1e-3, 1e6));
  if (scaling.high_freq_factor <= scaling.low_freq_factor)
    return Bad("rope_scaling.high_freq_factor", "must be above low_freq_factor");
  return CheckRange("rope_scaling.original_max_position_embeddings",
                    static_cast<double>(scaling.original_max_position_embeddings), 1, 1 << 26);
}

}  // namespace

Status CheckConfig(const ModelConfig& config) {
  for (const CountBound& bound : kCountBounds) {
    const int64_t value = config.*bound.field;
    if (value < 1 || value > bound.max)
      return Bad(bound.key, "is " + std::to_string(value) + "; 1 to " + std::to_string(bound.max) +
                                " expected");
  }
  if (config.num_attention_heads % config.num_key_value_heads != 0)
    return Bad("num_attention_heads", "must be a multiple of num_key_value_heads");
  if (config.head_dim % 2 != 0) return Bad("head_dim", "must be even");
  RL_RETURN_IF_ERROR(CheckRange("rms_norm_eps", config.rms_norm_eps, 1e-12, 1));
  RL_RETURN_IF_ERROR(CheckRange("rope_theta", config.rope_theta, 1, 1e12));
  RL_RETURN_IF_ERROR(CheckScaling(config.rope_scaling));
  return CheckTokenIds(config);
}

double RopeFrequencyDivisor(const RopeScaling& scaling, double rope_theta, int64_t index,
                            int64_t count) {
  if (scaling.kind == RopeScaling::Kind::kNone) return 1;
  if (scaling.kind == RopeScaling::Kind::kLinear) return scaling.factor;
  const double wavelength =
      2 * std::numbers::pi *
      std::pow(rope_theta, static_cast<double>(index) / static_cast<double>(count));
  const double turns = static_cast<double>(scaling.original_max_position_embeddings) / wavelength;
  if (turns > scaling.high_freq_factor) return 1;
  if (turns < scaling.low_freq_factor) return scaling.factor;
  const double smooth =
      (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1 / ((1 - smooth) / scaling.factor + smooth);
}

Result<RopeScaling> Llama3ScalingFromDivisors(const std::vector<float>& divisors,
                                              double rope_theta) {
  // The parameters all Llama 3.1, 3.2 and 3.3 models share, but for the factor.
  RopeScaling scaling{.kind = RopeScaling::Kind::kLlama3,
                      .factor = *std::max_element(divisors.begin(), divisors.end()),
                      .low_freq_factor = 1,
                      .high_freq_factor = 4,
                      .original_max_position_embeddings = 8192};
  const auto count = static_cast<int64_t>(divisors.size());
  for (int64_t index = 0; index < count; ++index) {
    const double expected = RopeFrequencyDivisor(scaling, rope_theta, index, count);
    const double found = divisors[static_cast<size_t>(index)];
    if (!(std::abs(found - expected) <= 1e-4 * expected))
      return Unimplemented("rope_freqs.weight holds frequency factors other than Llama 3's");
  }
  return scaling;
}

}  // namespace redline::engine
