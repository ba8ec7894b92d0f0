#include "backends/vllm/cuda_platform.h"

namespace redline::backends::vllm {
namespace {

using nlohmann::json;

constexpr std::string_view kPlatformSource =
    "platforms/cuda.py: CudaPlatformBase.check_and_update_config";
constexpr std::string_view kGpuWorker = "vllm.v1.worker.gpu_worker.Worker";
constexpr int64_t kDefaultBlockSize = 16;

void SetBlockSize(const Context& context, int64_t size, std::string_view rule, CacheConfig* cache) {
  context.notes->Rewrote("cache.block_size", cache->block_size ? json(*cache->block_size) : json(),
                         size, rule, kPlatformSource);
  cache->block_size = size;
}

bool IsBlackwell(const Context& context) { return context.hardware.compute_capability / 10 == 10; }
bool IsHopper(const Context& context) { return context.hardware.compute_capability / 10 == 9; }

// Without a backend asked for, MLA runs on FlashMLA, but on Blackwell on CUTLASS (the sparse kind
// not).
std::string MlaBackend(const Context& context, EngineConfig* config) {
  auto& backend = config->attention.backend;
  if (backend) return *backend;
  if (!IsBlackwell(context) || config->model.is_sparse) return "FLASHMLA";
  context.notes->Rewrote("attention.backend", nullptr, "CUTLASS_MLA",
                         "MLA runs on CUTLASS on Blackwell", kPlatformSource);
  backend = "CUTLASS_MLA";
  return *backend;
}

// Each MLA kernel has block sizes of its own.
void FitBlocksToMla(const Context& context, EngineConfig* config) {
  CacheConfig& cache = config->cache;
  const std::string backend = MlaBackend(context, config);
  // Dense FlashMLA is built for Hopper alone.
  if (backend == "FLASHMLA" && IsHopper(context) && *cache.block_size % 64 != 0)
    SetBlockSize(context, 64, "FlashMLA reads blocks of 64 tokens", &cache);
  if (backend == "CUTLASS_MLA" && *cache.block_size % 128 != 0)
    SetBlockSize(context, 128, "CUTLASS MLA reads blocks of 128 tokens", &cache);
  if (backend == "FLASHINFER_MLA" && cache.block_size != 32 && *cache.block_size % 64 != 0)
    SetBlockSize(context, 64, "FlashInfer MLA reads blocks of 32 or 64 tokens", &cache);
  if (config->model.is_sparse && cache.block_size != 64)
    SetBlockSize(context, 64, "DeepSeek sparse attention reads blocks of 64 tokens", &cache);
}

}  // namespace

void ApplyCudaPlatform(const Context& context, EngineConfig* config) {
  ParallelConfig& parallel = config->parallel;
  parallel.worker_cls = context.arguments.Text("worker_cls");
  if (parallel.worker_cls == "auto") {
    parallel.worker_cls = kGpuWorker;
    context.notes->Rewrote("parallel.worker_cls", "auto", parallel.worker_cls,
                           "the worker for CUDA", kPlatformSource);
  }
  if (!config->cache.block_size)
    SetBlockSize(context, kDefaultBlockSize, "the default for CUDA", &config->cache);
  if (config->model.use_mla) FitBlocksToMla(context, config);
}

}  // namespace redline::backends::vllm
