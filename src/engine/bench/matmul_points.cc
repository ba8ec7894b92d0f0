// Matrix products: one row (a step of one sequence) to a chunk of a prompt, weights from memory.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/bench/bench_room.h"
#include "engine/kernels/matmul/parallel_matmul.h"
#include "engine/kernels/matmul/testing_matrix.h"

namespace redline::engine {
namespace {

constexpr int64_t kRows[] = {1, 4, 16, 64, 512};
// A chunk of a prompt wants the logits of one row.
constexpr int64_t kMostHeadRows = 64;
// Every weight is read once per so many rows (matmul.h).
constexpr int64_t kRowsPerPass = 128;
constexpr int64_t kPairColumns = 2 * kPanelColumns;

int64_t BytesOfPart(const LinearShape& linear, size_t part) {
  return PackedBytes(
      PackedShape(linear.dtypes[part], linear.out_features[part], linear.in_features));
}

// Packed sizes are whole cache lines: so are the places of the parts that follow each other.
int64_t BytesOfLinear(const LinearShape& linear) {
  int64_t bytes = 0;
  for (size_t part = 0; part < linear.dtypes.size(); ++part) bytes += BytesOfPart(linear, part);
  return bytes;
}

int64_t OutFeatures(const LinearShape& linear) {
  int64_t out_features = 0;
  for (const int64_t each : linear.out_features) out_features += each;
  return out_features;
}

// A part of random weights at `to`. One pair of panels is made and repeated: only addresses count,
// and packing whole matrices would take longer than measuring them.
PackedMatrix PlacePart(const LinearShape& linear, size_t part, std::byte* to) {
  std::mt19937 random(7);
  const TestingMatrix pair(linear.dtypes[part], kPairColumns, linear.in_features, random);
  PackedMatrix matrix =
      PackedShape(linear.dtypes[part], linear.out_features[part], linear.in_features);
  matrix.data = to;
  const int64_t pair_bytes = PackedBytes(pair.packed);
  for (int64_t at = 0; at < PackedBytes(matrix); at += pair_bytes)
    std::memcpy(to + at, pair.packed.data, static_cast<size_t>(pair_bytes));
  return matrix;
}

// As many copies of one linear as the room's memory holds, so that each comes from memory when its
// turn comes again.
class Copies {
 public:
  Copies(const LinearShape& linear, AnonymousMemory& memory) : bytes_each_(BytesOfLinear(linear)) {
    std::vector<MatmulPart> first;
    std::byte* to = memory.data();
    int64_t out_column = 0;
    for (size_t part = 0; part < linear.dtypes.size(); ++part) {
      first.push_back({.weight = PlacePart(linear, part, to), .out_column = out_column});
      out_column += linear.out_features[part];
      to += BytesOfPart(linear, part);
    }
    const int64_t count = memory.num_bytes() / bytes_each_;
    for (int64_t copy = 0; copy < count; ++copy) {
      if (copy > 0)
        std::memcpy(memory.data() + copy * bytes_each_, memory.data(),
                    static_cast<size_t>(bytes_each_));
      parts_.push_back(first);
      for (MatmulPart& part : parts_.back()) part.weight.data += copy * bytes_each_;
    }
  }

  const std::vector<MatmulPart>& Next() { return parts_[next_++ % parts_.size()]; }

 private:
  std::vector<std::vector<MatmulPart>> parts_;
  const int64_t bytes_each_;
  size_t next_ = 0;
};

std::string_view ArithmeticOf(RowForm form) {
  switch (form) {
    case RowForm::kF32:
      return "fp32";
    case RowForm::kBf16:
      return "bf16";
    case RowForm::kInt8:
      return "int8";
  }
  return {};
}

// Gate and up as a forward pass runs them: at once with SiLU, where kernels can.
bool IsGated(const KernelSet& kernels, const LinearShape& linear,
             const std::vector<MatmulPart>& parts) {
  return linear.name == "gate_up" && CanGate(kernels, parts, std::span(parts).last(1));
}

KernelSpeed MeasureRows(const LinearShape& linear, int64_t rows, Copies& copies,
                        const BenchRoom& room, double budget_seconds) {
  const int64_t out_features = OutFeatures(linear);
  std::mt19937 random(1);
  const std::vector<float> x = RandomFloats(rows * linear.in_features, random);
  const bool is_gated = IsGated(room.kernels, linear, copies.Next());
  const int64_t out_bytes = is_gated ? out_features : 4 * out_features;  // of a row
  // Rows are whole groups.
  AnonymousMemory memory =
      AnonymousMemory::Allocate(NumRowGroups(rows) * kRowGroup * out_bytes, "a product").value();
  auto* const out = reinterpret_cast<float*>(memory.data());
  const AlignedBytes scratch(MatmulScratchBytes(room.kernels, linear.in_features, rows));
  const MatmulArgs args = {x.data(), linear.in_features, rows, out, out_features};
  KernelSpeed speed{.kernel = "matmul",
                    .operand = linear.name,
                    .format = linear.FormatName(),
                    .rows = rows,
                    .count = linear.count};
  speed.timing = MeasureWork(
      [&] {
        if (is_gated) {
          ParallelGatedMatmul(room.kernels, room.pool, args, copies.Next(), scratch.data(),
                              memory.data());
        } else {
          ParallelMatmul(room.kernels, room.pool, args, copies.Next(), scratch.data());
        }
      },
      budget_seconds);
  const int64_t passes = (rows + kRowsPerPass - 1) / kRowsPerPass;
  speed.bytes = static_cast<double>(BytesOfLinear(linear) * passes +
                                    rows * (4 * linear.in_features + out_bytes));
  speed.operations = 2.0 * static_cast<double>(rows * linear.in_features * out_features);
  const RowForm form = room.kernels.rows.of(linear.dtypes.front());
  JudgeSpeed(room, "read", speed, ArithmeticOf(form));
  return speed;
}

BenchPoint PointOf(const LinearShape& linear) {
  std::vector<int64_t> all_rows;
  for (const int64_t rows : kRows)
    if (linear.name != "lm_head" || rows <= kMostHeadRows) all_rows.push_back(rows);
  return {.phase = fmt::format("matmul {} {}", linear.FormatName(), linear.name),
          .num_speeds = static_cast<int>(all_rows.size()),
          .memory_bytes = BytesOfLinear(linear),
          .measure = [linear, all_rows](BenchRoom& room, double budget_seconds_each) {
            Copies copies(linear, room.memory);
            std::vector<KernelSpeed> speeds;
            for (const int64_t rows : all_rows)
              speeds.push_back(MeasureRows(linear, rows, copies, room, budget_seconds_each));
            return speeds;
          }};
}

}  // namespace

void AddMatmulPoints(const ModelShapes& shapes, std::vector<BenchPoint>& points) {
  std::vector<LinearShape> linears = shapes.linears;
  const auto add = [&linears](const LinearShape& linear) {
    const auto is_same = [&](const LinearShape& known) {
      return known.name == linear.name && known.dtypes == linear.dtypes;
    };
    if (std::none_of(linears.begin(), linears.end(), is_same)) linears.push_back(linear);
  };
  for (const DType dtype : {DType::kQ4_1, DType::kQ8_0, DType::kBF16}) {
    for (const LinearShape& linear : InFormat(shapes.linears, dtype)) add(linear);
  }
  // Of the other formats the largest product of a layer.
  for (const DType dtype : AllDTypes()) {
    for (const LinearShape& linear : InFormat(shapes.linears, dtype))
      if (linear.name == "gate_up") add(linear);
  }
  for (const LinearShape& linear : linears) points.push_back(PointOf(linear));
}

}  // namespace redline::engine
