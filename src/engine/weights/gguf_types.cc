#include "engine/weights/gguf_types.h"

#include <array>
#include <cstring>
#include <limits>

#include "base/strings.h"

namespace redline::engine {
namespace {

struct TensorTypeRow {
  uint32_t id;
  std::string_view name;
  std::optional<DType> dtype;  // nullopt: known, not supported
};

// ggml_type. The quantised formats that real files use but this engine lacks are named, so that the
// refusal tells the user what to look for.
constexpr std::array<TensorTypeRow, 32> kTensorTypes = {{
    {0, "F32", DType::kF32},      {1, "F16", DType::kF16},       {2, "Q4_0", DType::kQ4_0},
    {3, "Q4_1", DType::kQ4_1},    {6, "Q5_0", DType::kQ5_0},     {7, "Q5_1", DType::kQ5_1},
    {8, "Q8_0", DType::kQ8_0},    {9, "Q8_1", std::nullopt},     {10, "Q2_K", std::nullopt},
    {11, "Q3_K", std::nullopt},   {12, "Q4_K", DType::kQ4_K},    {13, "Q5_K", DType::kQ5_K},
    {14, "Q6_K", DType::kQ6_K},   {15, "Q8_K", std::nullopt},    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt}, {18, "IQ3_XXS", std::nullopt}, {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt}, {21, "IQ3_S", std::nullopt},   {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt}, {24, "I8", std::nullopt},      {25, "I16", std::nullopt},
    {26, "I32", std::nullopt},    {27, "I64", std::nullopt},     {28, "F64", std::nullopt},
    {29, "IQ1_M", std::nullopt},  {30, "BF16", DType::kBF16},    {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},  {39, "MXFP4", std::nullopt},
}};

std::string SupportedTypes() {
  std::vector<std::string> names;
  for (const TensorTypeRow& row : kTensorTypes) {
    if (row.dtype) names.emplace_back(row.name);
  }
  return Join(names, ", ");
}

template <typename T>
T LoadAs(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

int64_t LoadUint64(const char* from) {
  const auto value = LoadAs<uint64_t>(from);
  const bool fits = value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return fits ? static_cast<int64_t>(value) : -1;
}

}  // namespace

Result<DType> TensorTypeOf(uint32_t id, std::string_view tensor_name) {
  const std::string tensor = "tensor \"" + Excerpt(tensor_name) + "\"";
  for (const TensorTypeRow& row : kTensorTypes) {
    if (row.id != id) continue;
    if (row.dtype) return *row.dtype;
    return Unimplemented(tensor + " has type " + std::string(row.name) + "; this engine reads " +
                         SupportedTypes());
  }
  return DataLoss(tensor + " has the unknown type " + std::to_string(id));
}

std::optional<uint64_t> ScalarBytes(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool:
      return 1;
    case GgufType::kUint16:
    case GgufType::kInt16:
      return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32:
      return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64:
      return 8;
    case GgufType::kString:
    case GgufType::kArray:
      return 0;
  }
  return std::nullopt;
}

GgufValue DecodeScalar(GgufType type, const char* from) {
  switch (type) {
    case GgufType::kUint8:
      return int64_t{LoadAs<uint8_t>(from)};
    case GgufType::kInt8:
      return int64_t{LoadAs<int8_t>(from)};
    case GgufType::kUint16:
      return int64_t{LoadAs<uint16_t>(from)};
    case GgufType::kInt16:
      return int64_t{LoadAs<int16_t>(from)};
    case GgufType::kUint32:
      return int64_t{LoadAs<uint32_t>(from)};
    case GgufType::kInt32:
      return int64_t{LoadAs<int32_t>(from)};
    case GgufType::kInt64:
      return LoadAs<int64_t>(from);
    case GgufType::kUint64:
      return LoadUint64(from);
    case GgufType::kFloat32:
      return double{LoadAs<float>(from)};
    case GgufType::kFloat64:
      return LoadAs<double>(from);
    default:
      return LoadAs<uint8_t>(from) != 0;  // kBool
  }
}

}  // namespace redline::engine
