// Names and sizes of the KV cache's element types. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "engine/kernels/kv_dtype.h"

namespace redline::engine {

struct KvDtypeInfo {
  KvDtype dtype;
  std::string_view name;  // "f32", "bf16", "fp8_e4m3"
  int64_t element_bytes;
};

std::span<const KvDtypeInfo> KvDtypes();
const KvDtypeInfo& InfoOf(KvDtype dtype);
// "auto" gives no value: the model chooses. kInvalidArgument (of parameter "kv_cache_dtype") naming
// those known.
Result<std::optional<KvDtype>> ParseKvDtype(std::string_view name);

}  // namespace redline::engine
