#include "backends/vllm/data_parallel.h"

#include <fmt/format.h>

#include <algorithm>

namespace redline::backends::vllm {
namespace {

// As the steps below infer it from the arguments.
struct DataParallel {
  int64_t size = 1;
  std::optional<int64_t> rank;
  std::optional<int64_t> size_local;
  bool external_lb = false;
  bool hybrid_lb = false;
};

// Over several nodes the place in the data-parallel group follows from the node's rank.
Status InferFromNodes(const ServeArguments& arguments, DataParallel* data) {
  const int64_t num_nodes = arguments.Int("nnodes");
  if (num_nodes <= 1) return OkStatus();
  const int64_t within = std::max<int64_t>(
      arguments.Int("pipeline_parallel_size") * arguments.Int("tensor_parallel_size"), 1);
  const int64_t world_size = data->size * within;
  if (world_size % num_nodes != 0)
    return InvalidArgument(
        fmt::format("{} GPUs cannot be spread evenly over --nnodes {}", world_size, num_nodes),
        "nnodes");
  if (arguments.Int("node_rank") >= num_nodes)
    return InvalidArgument(fmt::format("--node-rank {} must be below --nnodes {}",
                                       arguments.Int("node_rank"), num_nodes),
                           "node_rank");
  const int64_t per_node = world_size / num_nodes;
  if (data->size > 1 && data->external_lb)
    data->rank = arguments.Int("node_rank") * per_node / within;
  else if (!data->size_local)
    data->size_local = std::max<int64_t>(per_node / within, 1);
  return OkStatus();
}

Status CheckBalancer(const ServeArguments& arguments, DataParallel* data) {
  data->external_lb = data->external_lb || data->rank.has_value();
  if (data->external_lb) {
    if (!data->rank)
      return InvalidArgument("--data-parallel-external-lb needs --data-parallel-rank",
                             "data_parallel_external_lb");
    if (data->size_local.value_or(1) == 1) return OkStatus();
    return InvalidArgument("--data-parallel-rank goes with --data-parallel-size-local 1 only",
                           "data_parallel_size_local");
  }
  if (!data->size_local) {
    if (!data->hybrid_lb) return OkStatus();
    return InvalidArgument("--data-parallel-hybrid-lb needs --data-parallel-size-local",
                           "data_parallel_hybrid_lb");
  }
  data->external_lb =
      *data->size_local == 1 && (data->hybrid_lb || arguments.Int("data_parallel_start_rank") != 0);
  data->rank = arguments.Int("data_parallel_start_rank");
  return OkStatus();
}

Status CheckSizes(const DataParallel& data) {
  if (data.size == 0)
    return InvalidArgument("data_parallel_size is 0; it must be at least 1", "data_parallel_size");
  const int64_t local = data.external_lb ? 1 : data.size_local.value_or(data.size);
  if (local > data.size)
    return InvalidArgument(fmt::format("data_parallel_size_local is {}, above data_parallel_size "
                                       "({})",
                                       local, data.size),
                           "data_parallel_size_local");
  if (data.size <= 1 && data.external_lb)
    return InvalidArgument("an external balancer needs a data parallel size above 1",
                           "data_parallel_external_lb");
  const int64_t rank = data.rank.value_or(0);
  const bool asked = data.size > 1 || local == 0;
  if (!asked || (rank >= 0 && rank < data.size)) return OkStatus();
  return InvalidArgument(
      fmt::format("data_parallel_rank is {}; it must be 0 to {}", rank, data.size - 1),
      "data_parallel_rank");
}

}  // namespace

Status CheckDataParallel(const Context& context) {
  const ServeArguments& arguments = context.arguments;
  DataParallel data{.size = arguments.Int("data_parallel_size"),
                    .rank = arguments.MaybeInt("data_parallel_rank"),
                    .size_local = arguments.MaybeInt("data_parallel_size_local"),
                    .external_lb = arguments.Flag("data_parallel_external_lb"),
                    .hybrid_lb = arguments.Flag("data_parallel_hybrid_lb")};
  if (data.external_lb && data.hybrid_lb)
    return InvalidArgument(
        "--data-parallel-hybrid-lb and --data-parallel-external-lb exclude each "
        "other",
        "data_parallel_hybrid_lb");
  const std::string backend = arguments.Text("data_parallel_backend");
  if (backend != "mp" && backend != "ray")
    return InvalidArgument(
        fmt::format("--data-parallel-backend must be mp or ray, not \"{}\"", backend),
        "data_parallel_backend");
  if (backend != "mp" && arguments.Int("nnodes") != 1)
    return InvalidArgument("--nnodes above 1 needs --data-parallel-backend mp", "nnodes");
  RL_RETURN_IF_ERROR(InferFromNodes(arguments, &data));
  RL_RETURN_IF_ERROR(CheckBalancer(arguments, &data));
  return CheckSizes(data);
}

}  // namespace redline::backends::vllm
