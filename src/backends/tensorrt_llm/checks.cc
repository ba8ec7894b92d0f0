#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "backends/tensorrt_llm/steps.h"
#include "base/strings.h"

namespace redline::backends::tensorrt_llm {
namespace {

using nlohmann::json;

constexpr int64_t kMostRanks = 1 << 16;

struct SizeOption {
  const char* dest;
  const char* flag;
};
constexpr std::array<SizeOption, 6> kSizes = {{{"tensor_parallel_size", "--tp_size"},
                                               {"pipeline_parallel_size", "--pp_size"},
                                               {"context_parallel_size", "--cp_size"},
                                               {"moe_expert_parallel_size", "--ep_size"},
                                               {"moe_cluster_parallel_size", "--cluster_size"},
                                               {"gpus_per_node", "--gpus_per_node"}}};

// An integer beyond 64 bits is a double.
Status CheckSizes(const json& values) {
  for (const auto& [dest, flag] : kSizes) {
    const json& value = values.at(dest);
    if (value.is_null()) continue;
    const bool fits = value.is_number_integer() && value >= 1 && value <= kMostRanks;
    if (!fits)
      return InvalidArgument(
          fmt::format("{} must be from 1 to {}, not {}", flag, kMostRanks, Excerpt(value.dump())),
          dest);
  }
  return OkStatus();
}

Status CheckFraction(const json& values) {
  const double fraction = values.at("free_gpu_memory_fraction").get<double>();
  if (fraction >= 0 && fraction <= 1) return OkStatus();  // not NaN
  return InvalidArgument(
      fmt::format("--free_gpu_memory_fraction {}: kv_cache_config.free_gpu_memory_fraction must be "
                  "a float between 0 and 1",
                  fraction),
      "free_gpu_memory_fraction");
}

// auto_deploy/llm_args.py: ensure_no_custom_parallel_config.
Status CheckAutoDeploy(const json& values) {
  if (values.at("backend") != "_autodeploy") return OkStatus();
  for (const auto& [dest, flag] : kSizes) {
    // The cluster size never arrives there, and nodes are allowed.
    const std::string_view name = dest;
    if (name == "moe_cluster_parallel_size" || name == "gpus_per_node") continue;
    if (SizeOr(values, dest, 1) == 1) continue;
    return InvalidArgument(
        fmt::format("{} {}: AutoDeploy only supports parallelization via world_size, which the "
                    "file of --config sets; leave {} out",
                    flag, values.at(dest).dump(), flag),
        dest);
  }
  return OkStatus();
}

std::string DivisorsOf(int64_t size) {
  std::vector<std::string> divisors;
  for (int64_t divisor = 1; divisor <= size && divisors.size() < 16; ++divisor)
    if (size % divisor == 0) divisors.push_back(std::to_string(divisor));
  return Join(divisors, ", ");
}

}  // namespace

int64_t SizeOr(const json& values, const char* dest, int64_t otherwise) {
  const json& value = values.at(dest);
  return value.is_number_integer() ? value.get<int64_t>() : otherwise;
}

bool HasFile(const json& values) { return values.at("extra_llm_api_options").is_string(); }

Status CheckServe(const json& values) {
  for (const char* dest : {"metadata_server_config_file", "disagg_cluster_uri"}) {
    if (values.at(dest).is_null() || !values.at("server_role").is_null()) continue;
    return InvalidArgument(fmt::format("--{} needs --server_role", dest), dest);
  }
  const json& media = values.at("media_io_kwargs");
  if (media.is_string() && json::parse(media.get<std::string>(), nullptr, false).is_discarded())
    return InvalidArgument(
        fmt::format("--media_io_kwargs is not JSON: \"{}\"", Excerpt(media.get<std::string>())),
        "media_io_kwargs");
  const bool may_be_any = HasFile(values) || !values.at("disagg_cluster_uri").is_null();
  const json& port = values.at("port");
  if (port.is_number_integer() && port >= (may_be_any ? 0 : 1) && port <= 65535) return OkStatus();
  return InvalidArgument(
      fmt::format("--port must be from 1 to 65535, not {}", Excerpt(port.dump())), "port");
}

Status CheckLlmArgs(const json& values, int num_gpus) {
  RL_RETURN_IF_ERROR(CheckSizes(values));
  RL_RETURN_IF_ERROR(CheckFraction(values));
  RL_RETURN_IF_ERROR(CheckAutoDeploy(values));
  if (HasFile(values)) return OkStatus();  // which may set other sizes
  const int64_t ranks = ProductOfSizes({SizeOr(values, "tensor_parallel_size", 1),
                                        SizeOr(values, "pipeline_parallel_size", 1),
                                        SizeOr(values, "context_parallel_size", 1)});
  const int64_t per_node = SizeOr(values, "gpus_per_node", std::max(num_gpus, 1));
  // _ParallelConfig.world_size_per_node; the ranks of other nodes are started by MPI.
  const int64_t num_nodes = ranks / per_node + (ranks % per_node == 0 ? 0 : 1);
  if (ranks == 1 || ranks / num_nodes <= num_gpus) return OkStatus();
  return InvalidArgument(
      fmt::format("only {} GPUs are available, but {} are required: lower --tp_size, --pp_size, "
                  "--cp_size, or leave --gpus_per_node out",
                  num_gpus, ranks),
      "tensor_parallel_size");
}

Status CheckMapping(const json& values) {
  // With context parallelism the experts may be spread over its ranks, too.
  if (SizeOr(values, "context_parallel_size", 1) > 1 || values.at("backend") == "_autodeploy" ||
      HasFile(values))
    return OkStatus();
  const int64_t ranks = SizeOr(values, "tensor_parallel_size", 1);
  const int64_t experts = SizeOr(values, "moe_expert_parallel_size", 1);
  if (ranks % experts == 0) return OkStatus();
  return InvalidArgument(
      fmt::format("--ep_size {}: tp_size must equal to moe_tp_size * moe_ep_size, but got {} != {} "
                  "* {}; give one of {}",
                  experts, ranks, ranks / experts, experts, DivisorsOf(ranks)),
      "moe_expert_parallel_size");
}

}  // namespace redline::backends::tensorrt_llm
