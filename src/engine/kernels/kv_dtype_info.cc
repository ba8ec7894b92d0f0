#include "engine/kernels/kv_dtype_info.h"

#include <array>
#include <string>
#include <vector>

#include "base/strings.h"

namespace redline::engine {
namespace {

// In the order of the enum.
constexpr std::array<KvDtypeInfo, 3> kKvDtypes = {{
    {KvDtype::kF32, "f32", 4},
    {KvDtype::kBf16, "bf16", 2},
    {KvDtype::kFp8E4m3, "fp8_e4m3", 1},
}};

}  // namespace

std::span<const KvDtypeInfo> KvDtypes() { return kKvDtypes; }

const KvDtypeInfo& InfoOf(KvDtype dtype) { return kKvDtypes[static_cast<size_t>(dtype)]; }

Result<std::optional<KvDtype>> ParseKvDtype(std::string_view name) {
  if (name == "auto") return std::optional<KvDtype>();
  std::vector<std::string> known = {"auto"};
  for (const KvDtypeInfo& info : kKvDtypes) {
    if (info.name == name) return std::optional<KvDtype>(info.dtype);
    known.emplace_back(info.name);
  }
  return InvalidArgument(
      "kv_cache_dtype is \"" + std::string(name) + "\"; it must be one of: " + Join(known, ", "),
      "kv_cache_dtype");
}

}  // namespace redline::engine
