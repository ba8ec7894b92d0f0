// The hierarchical and the radix cache.
#include <fmt/format.h>

#include "backends/sglang/steps.h"

namespace redline::backends::sglang {
namespace {

void SetMemoryLayout(ServerArgs& args) {
  if (args.Is("hicache_storage_backend", "mooncake") &&
      args.Is("hicache_mem_layout", "layer_first")) {
    const std::string rule = "Mooncake does not store layers first";
    if (args.Is("hicache_io_backend", "direct"))
      args.Set("hicache_mem_layout", "page_first_direct", rule);
    else if (args.Is("hicache_io_backend", "kernel"))
      args.Set("hicache_mem_layout", "page_first", rule);
    args.Warn(
        fmt::format("Mooncake storage backend does not support layer_first layout, "
                    "switching to {} layout for {} io backend",
                    args.Text("hicache_mem_layout"), args.Text("hicache_io_backend")));
  }
  if (args.Is("hicache_mem_layout", "page_first_direct") &&
      !args.IsOneOf("hicache_io_backend", {"direct", "kernel_ascend"})) {
    args.Set("hicache_io_backend", "direct", "the page_first_direct layout is read directly");
    args.Warn("Page first direct layout only support direct io backend");
  }
}

}  // namespace

Status HandleHicache(ServerArgs& args) {
  SetMemoryLayout(args);
  const bool copies_cache = args.Flag("enable_hierarchical_cache") ||
                            args.Flag("disaggregation_decode_enable_offload_kvcache");
  if (!copies_cache || !args.Is("hicache_io_backend", "kernel")) return OkStatus();
  if (args.IsNull("decode_attention_backend")) {
    RL_RETURN_IF_ERROR(args.EnsureModel());
    const bool flashinfer = args.model().uses_mla ? args.IsSm100() : args.HasFlashInfer();
    args.Set("decode_attention_backend", flashinfer ? "flashinfer" : "triton",
             "the hierarchical cache's kernels do not work with FlashAttention 3 decoding");
  } else if (args.Is("decode_attention_backend", "fa3")) {
    args.Set("hicache_io_backend", "direct",
             "the hierarchical cache's kernels do not work with FlashAttention 3 decoding");
    args.Warn(
        "FlashAttention3 decode backend is not compatible with hierarchical cache. Setting "
        "hicache_io_backend to vanilla I/O, which may lead to suboptimal performance with small "
        "page sizes.");
  }
  return OkStatus();
}

Status HandleCacheCompatibility(ServerArgs& args) {
  if (args.Flag("enable_hierarchical_cache") && args.Flag("disable_radix_cache"))
    return InvalidArgument(
        "--enable-hierarchical-cache needs the radix cache; leave out --disable-radix-cache (a "
        "decode server has none either)",
        "enable_hierarchical_cache");
  if (!args.Flag("disaggregation_decode_enable_offload_kvcache")) return OkStatus();
  if (!args.Is("disaggregation_mode", "decode"))
    return InvalidArgument(
        "--disaggregation-decode-enable-offload-kvcache needs --disaggregation-mode decode",
        "disaggregation_decode_enable_offload_kvcache");
  if (args.EnvFlag("SGLANG_ENABLE_SPEC_V2"))
    return InvalidArgument(
        "--disaggregation-decode-enable-offload-kvcache does not work with SGLANG_ENABLE_SPEC_V2",
        "disaggregation_decode_enable_offload_kvcache");
  return OkStatus();
}

}  // namespace redline::backends::sglang
