// How a checkpoint writes its numbers: the type of most tensors, the type of those it quantises,
// and which these are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace redline::planner {

// A linear map that quantisation formats name one by one. Norms, embeddings, routers, convolutions
// and the indexer's weights_proj are none: no known checkpoint quantises them.
enum class Module {
  kQkv,
  kOutput,
  kQueryDown,  // latent attention
  kQueryUp,
  kKvDown,
  kKvUp,
  kIndexer,
  kLinearQkvz,  // linear attention
  kLinearGates,
  kDense,
  kExperts,
  kSharedExperts,
  kCount,
  kNone = kCount,
};
constexpr int kNumModules = static_cast<int>(Module::kCount);

std::string_view NameOf(Module module);  // "query_down"

class ModuleSet {
 public:
  bool Has(Module module) const { return (bits_ >> static_cast<int>(module) & 1) != 0; }
  void Add(Module module) { bits_ |= uint32_t{1} << static_cast<int>(module); }
  void Add(ModuleSet modules) { bits_ |= modules.bits_; }
  static ModuleSet AllBut(Module module) {
    ModuleSet set;
    set.bits_ = ((uint32_t{1} << kNumModules) - 1) & ~(uint32_t{1} << static_cast<int>(module));
    return set;
  }

  bool operator==(const ModuleSet&) const = default;

 private:
  uint32_t bits_ = 0;
};

// A type of number with its scales.
struct NumberFormat {
  enum class Kind {
    kFloat32,
    kFloat16,     // bf16 or fp16
    kFp8Block,    // an fp32 scale for each block of rows x columns
    kFp8Channel,  // a bf16 scale for each row
    kFp8Tensor,   // an fp32 scale for each matrix
    kInt8Channel,
    kInt4Group,  // packed, a bf16 scale for each group of columns; each matrix tells its shape
    kMxFp4,      // blocks of 32 with one byte for their exponent
    kNvFp4,      // an fp8 scale for each group of columns, an fp32 one for each matrix
    kBlock,      // GGUF's: block_columns numbers of a row with their scales in block_bytes
  };
  Kind kind = Kind::kFloat16;
  int64_t block_rows = 1;
  int64_t block_columns = 1;  // also the size of a group
  int64_t block_bytes = 0;    // kBlock alone
  std::string block_name;     // kBlock alone: "q4_1"

  bool operator==(const NumberFormat&) const = default;
};

std::string_view NameOf(NumberFormat::Kind kind);     // "fp8_block"
std::string_view NameOf(const NumberFormat& format);  // the same; of a block format its own name

struct WeightFormat {
  NumberFormat base;       // all that is not quantised
  NumberFormat quantized;  // equal to `base`: nothing is

  bool IsQuantized() const { return quantized != base; }
};

// Of a matrix of rows x columns (outputs x inputs), its scales included. Both are positive and
// their product stays below 2^56.
int64_t BytesOfMatrix(const NumberFormat& format, int64_t rows, int64_t columns);

// How many scales are stored beside it; those within blocks are none of their own.
int64_t ScalesOfMatrix(const NumberFormat& format, int64_t rows, int64_t columns);

}  // namespace redline::planner
