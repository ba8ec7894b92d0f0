#include "planner/model/weight_format.h"

namespace redline::planner {
namespace {

using Kind = NumberFormat::Kind;

constexpr int64_t kFp32Bytes = 4;
constexpr int64_t kBf16Bytes = 2;
// "weight_shape" of compressed-tensors: two 32-bit integers (Kimi-K2-Thinking's headers).
constexpr int64_t kShapeBytes = 8;

int64_t BlocksOf(int64_t size, int64_t block) { return (size + block - 1) / block; }

}  // namespace

std::string_view NameOf(Module module) {
  constexpr std::string_view kNames[kNumModules] = {
      "qkv",     "output",      "query_down",   "query_up", "kv_down", "kv_up",
      "indexer", "linear_qkvz", "linear_gates", "dense",    "experts", "shared_experts"};
  return module == Module::kNone ? "none" : kNames[static_cast<int>(module)];
}

std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kFloat32:
      return "float32";
    case Kind::kFloat16:
      return "float16";
    case Kind::kFp8Block:
      return "fp8_block";
    case Kind::kFp8Channel:
      return "fp8_channel";
    case Kind::kFp8Tensor:
      return "fp8_tensor";
    case Kind::kInt8Channel:
      return "int8_channel";
    case Kind::kInt4Group:
      return "int4_group";
    case Kind::kMxFp4:
      return "mxfp4";
    case Kind::kNvFp4:
      return "nvfp4";
    case Kind::kBlock:
      return "block";
  }
  return "";
}

std::string_view NameOf(const NumberFormat& format) {
  return format.kind == Kind::kBlock ? std::string_view(format.block_name) : NameOf(format.kind);
}

int64_t ScalesOfMatrix(const NumberFormat& format, int64_t rows, int64_t columns) {
  switch (format.kind) {
    case Kind::kFloat32:
    case Kind::kFloat16:
    case Kind::kBlock:
      return 0;
    case Kind::kFp8Tensor:
      return 1;
    case Kind::kFp8Channel:
    case Kind::kInt8Channel:
      return rows;
    case Kind::kFp8Block:
    case Kind::kInt4Group:
    case Kind::kMxFp4:
    case Kind::kNvFp4:
      break;
  }
  return BlocksOf(rows, format.block_rows) * BlocksOf(columns, format.block_columns);
}

int64_t BytesOfMatrix(const NumberFormat& format, int64_t rows, int64_t columns) {
  const int64_t numbers = rows * columns;
  const int64_t scales = ScalesOfMatrix(format, rows, columns);
  switch (format.kind) {
    case Kind::kFloat32:
      return numbers * kFp32Bytes;
    case Kind::kFloat16:
      return numbers * kBf16Bytes;
    case Kind::kFp8Block:
    case Kind::kFp8Tensor:
      return numbers + scales * kFp32Bytes;
    case Kind::kFp8Channel:
    case Kind::kInt8Channel:
      return numbers + scales * kBf16Bytes;
    case Kind::kInt4Group:
      return BlocksOf(numbers, 2) + scales * kBf16Bytes + kShapeBytes;
    case Kind::kMxFp4:
      return BlocksOf(numbers, 2) + scales;
    case Kind::kNvFp4:
      return BlocksOf(numbers, 2) + scales + kFp32Bytes;
    case Kind::kBlock:
      return rows * BlocksOf(columns, format.block_columns) * format.block_bytes;
  }
  return 0;
}

}  // namespace redline::planner
