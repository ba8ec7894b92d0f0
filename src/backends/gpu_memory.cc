#include "backends/gpu_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace redline::backends {
namespace {

using nlohmann::json;

int64_t Int(const json& config, const char* key) {
  const auto found = config.find(key);
  return found != config.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// Latent attention: DeepSeek-V2 (arXiv 2405.04434, 2.1), with V3.2's indexer where there is one.
int64_t LatentAttentionParameters(const json& config) {
  const int64_t hidden = Int(config, "hidden_size");
  const int64_t heads = Int(config, "num_attention_heads");
  const int64_t query_rank = Int(config, "q_lora_rank");
  const int64_t rank = Int(config, "kv_lora_rank");
  const int64_t nope = Int(config, "qk_nope_head_dim");
  const int64_t rope = Int(config, "qk_rope_head_dim");
  const int64_t value = Int(config, "v_head_dim");
  const int64_t queries = query_rank > 0 ? hidden * query_rank + query_rank * heads * (nope + rope)
                                         : hidden * heads * (nope + rope);
  const int64_t index_heads = Int(config, "index_n_heads");
  const int64_t index_dim = Int(config, "index_head_dim");
  const int64_t indexer = query_rank * index_heads * index_dim + hidden * (index_dim + index_heads);
  return queries + hidden * (rank + rope) + rank * heads * (nope + value) + heads * value * hidden +
         (index_heads > 0 ? indexer : 0);
}

int64_t AttentionParameters(const spec::ModelSpec& model, const json& config) {
  if (Int(config, "kv_lora_rank") > 0) return LatentAttentionParameters(config);
  const int64_t heads = model.num_attention_heads + model.num_key_value_heads;
  return 2 * model.hidden_size * model.head_dim * heads;
}

// fp8 checkpoints hold their projections in a byte; other formats leave attention in 16 bits.
int64_t BytesOfParameter(const json& config) {
  const auto found = config.find("quantization_config");
  return found != config.end() && found->is_object() && found->value("quant_method", "") == "fp8"
             ? 1
             : 2;
}

// The latent vector is whole on every rank; heads are shared, at least one a rank.
int64_t KvBytesPerToken(const spec::ModelSpec& model, const json& config,
                        const Placement& placement) {
  const bool is_fp8 = placement.kv_cache_dtype.starts_with("fp8");
  const int64_t rank = Int(config, "kv_lora_rank");
  if (rank > 0) {
    if (!is_fp8) return model.kv_bytes_per_token;
    const int64_t index_bytes =
        Int(config, "index_head_dim") > 0 ? Int(config, "index_head_dim") + 4 : 0;
    return model.num_hidden_layers * (rank + Int(config, "qk_rope_head_dim") + index_bytes);
  }
  const int64_t heads = std::max<int64_t>(model.num_key_value_heads, 1);
  const int64_t heads_of_rank =
      std::max<int64_t>(heads / std::max<int64_t>(placement.attention_tp_size, 1), 1);
  return model.kv_bytes_per_token / heads * heads_of_rank / (is_fp8 ? 2 : 1);
}

// Of a GPU, for weights and KV cache.
int64_t UsableBytes(const Placement& placement, double fraction, int64_t weights, int64_t total) {
  const auto part = [&](int64_t num_bytes) {
    return static_cast<int64_t>(fraction * static_cast<double>(num_bytes));
  };
  if (!placement.fraction_is_of_free) return part(total);
  return weights < total ? weights + part(total - weights) : 0;
}

}  // namespace

GpuMemory MemoryOfGpu(const spec::ModelSpec& model, const json& config, const Placement& placement,
                      const spec::HardwareProfile& hardware) {
  GpuMemory memory;
  memory.total_bytes = hardware.gpu_memory_mib << 20;
  const int64_t attention =
      std::min(model.weight_bytes, model.num_hidden_layers * AttentionParameters(model, config) *
                                       BytesOfParameter(config));
  const auto share = [&](int64_t num_bytes, int64_t ranks) {
    return num_bytes / std::max<int64_t>(ProductOfSizes({ranks, placement.pp_size}), 1);
  };
  const int64_t weights = share(attention, placement.attention_tp_size) +
                          share(model.weight_bytes - attention, placement.expert_group_size);
  // What an engine takes for a fraction may be anything, NaN too.
  const bool is_fraction = placement.memory_fraction > 0 && placement.memory_fraction <= 1;
  const double fraction = is_fraction ? placement.memory_fraction : 0;
  const int64_t usable = UsableBytes(placement, fraction, weights, memory.total_bytes);
  memory.kv_bytes_per_token =
      std::max<int64_t>(share(KvBytesPerToken(model, config, placement), 1), 1);
  const int64_t kv = std::max<int64_t>(usable - weights, 0);
  memory.kv_tokens_of_rank = kv / memory.kv_bytes_per_token;
  memory.kv_tokens = ProductOfSizes({memory.kv_tokens_of_rank, placement.dp_size});
  memory.terms = {
      {"weights", weights}, {"kv_cache", kv}, {"reserved", memory.total_bytes - usable}};
  return memory;
}

std::string WhyItDoesNotFit(const GpuMemory& memory, const Placement& placement,
                            const spec::HardwareProfile& hardware) {
  const auto size = [](int64_t num_bytes) { return FormatBytes(static_cast<uint64_t>(num_bytes)); };
  if (placement.num_gpus < 1)
    return fmt::format("sizes of parallelism are at least 1, not tp {}, pp {}, dp {}",
                       placement.tp_size, placement.pp_size, placement.dp_size);
  if (placement.num_gpus > hardware.num_gpus)
    return fmt::format("it takes {} GPUs, {} has {}", placement.num_gpus, hardware.name,
                       hardware.num_gpus);
  if (!(placement.memory_fraction > 0 && placement.memory_fraction <= 1))
    return fmt::format("{} is a share of the GPU between 0 and 1, not {}", placement.memory_flag,
                       placement.memory_fraction);
  if (memory.kv_tokens_of_rank == 0)
    return fmt::format(
        "the weights take {} of a GPU of {}, of which {} {} may be used; spread them over more "
        "GPUs",
        size(memory.terms[0].num_bytes), size(memory.total_bytes), placement.memory_flag,
        placement.memory_fraction);
  if (placement.longest_request > memory.kv_tokens_of_rank)
    return fmt::format(
        "a request of {} tokens does not fit in the KV cache, which holds about {}: give a shorter "
        "--max-model-len",
        placement.longest_request, memory.kv_tokens_of_rank);
  return "";
}

}  // namespace redline::backends
