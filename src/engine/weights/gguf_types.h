// The value and tensor types of the GGUF container.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "engine/tensor.h"

namespace redline::engine {

// Type ids of metadata values, as in the file.
enum class GgufType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// An array's elements, still encoded.
struct GgufArray {
  GgufType type = GgufType::kUint8;
  uint64_t count = 0;
  std::string_view bytes;  // into the file's header
};

// Integers of any width become int64 (a uint64 above its range becomes -1, which no key
// of the format may hold), floats become double.
using GgufValue = std::variant<bool, int64_t, double, std::string_view, GgufArray>;

// Bytes of one value; 0 for strings and arrays, nullopt for unknown types.
std::optional<uint64_t> ScalarBytes(GgufType type);
// A scalar of a type that ScalarBytes gives a size for.
GgufValue DecodeScalar(GgufType type, const char* from);

// The element type of ggml_type `id`. kUnimplemented naming a known type this engine lacks,
// kDataLoss for an unknown one.
Result<DType> TensorTypeOf(uint32_t id, std::string_view tensor_name);

}  // namespace redline::engine
