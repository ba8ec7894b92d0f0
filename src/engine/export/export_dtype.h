// The element types a model can be exported in.
#pragma once

#include <span>
#include <string_view>

#include "base/status.h"
#include "engine/tensor.h"

namespace redline::engine {

struct ExportDType {
  DType dtype;
  std::string_view name;              // in flags and config.json, as PyTorch has it
  std::string_view safetensors_name;  // in the header of a .safetensors file
  float max;                          // the largest value it holds
};

// The default first.
std::span<const ExportDType> ExportDTypes();
// kInvalidArgument with the names there are.
Result<DType> ExportDTypeFromName(std::string_view name);
// Of a type in ExportDTypes().
const ExportDType& ExportInfoOf(DType dtype);

}  // namespace redline::engine
