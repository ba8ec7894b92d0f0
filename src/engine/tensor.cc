#include "engine/tensor.h"

#include <array>

namespace redline::engine {
namespace {

// In the order of DType.
constexpr std::array<DTypeInfo, 6> kDTypes = {{
    {"f32", 1, 4},
    {"f16", 1, 2},
    {"bf16", 1, 2},
    {"q8_0", 32, 34},
    {"q4_0", 32, 18},
    {"q4_1", 32, 20},
}};

}  // namespace

const DTypeInfo& InfoOf(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }

}  // namespace redline::engine
