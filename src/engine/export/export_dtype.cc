#include "engine/export/export_dtype.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"

namespace redline::engine {
namespace {

constexpr ExportDType kExportDTypes[] = {
    {DType::kBF16, "bfloat16", "BF16", 0x1.fep127f},
    {DType::kF16, "float16", "F16", 65504},
    {DType::kF32, "float32", "F32", std::numeric_limits<float>::max()},
};

}  // namespace

std::span<const ExportDType> ExportDTypes() { return kExportDTypes; }

Result<DType> ExportDTypeFromName(std::string_view name) {
  std::vector<std::string> names;
  for (const ExportDType& row : kExportDTypes) {
    if (row.name == name) return row.dtype;
    names.emplace_back(row.name);
  }
  return InvalidArgument("--dtype \"" + Excerpt(name) + "\" is not one of " + Join(names, ", ") +
                             DidYouMean(name, names),
                         "dtype");
}

const ExportDType& ExportInfoOf(DType dtype) {
  const auto* row = std::ranges::find(kExportDTypes, dtype, &ExportDType::dtype);
  return row == std::end(kExportDTypes) ? kExportDTypes[0] : *row;
}

}  // namespace redline::engine
