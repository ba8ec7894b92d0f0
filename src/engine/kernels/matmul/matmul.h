// out[row, part.out_column + n] = bias[n] + sum over k of x[row, k] * W[n, k]
//
// Shapes: x [num_rows][in_features] f32, row stride x_stride. W {out_features, in_features} in any
// DType, packed (packed_matrix.h). out f32, row stride out_stride. Several parts (q, k and v; gate
// and up) may share x and one out row, each with a dtype of its own.
//
// FLOPs: 2 * num_rows * out_features * in_features. Bytes: the weight once per 128 rows or so.
// Bound: memory bandwidth of the weight stream for a few rows, FMA throughput from about 32 rows
// on.
//
// Arithmetic, by the form in which a set takes the rows of x (row_form.h):
//   f32    exact: weights become f32 in registers, products accumulate by FMA in the order of k,
//   one
//          chain per output element
//   bf16   x and the weights rounded to bf16, products exact, sums f32 in an order fixed by k. On
//          AMX x and products of more than 2^70 become infinite, those of less than 2^-70 zero;
//          avx512_bf16, which takes weights in bf16 alone, loses only subnormal numbers
//   int8   x rounded to bytes, with a scale for each 32 of k (int8_row.h); products with the
//          weights' q exact, summed over a sub-block of the weight, 32 or 16 of k, in int32; then
//          scaled and summed by FMA in f32, in the order of k. The same bits in every set. Of
//          quantised weights only: others are multiplied as f32.
// The bias is added last. A row's bits depend neither on num_rows nor on how rows and panels are
// divided among calls.
#pragma once

#include <cstdint>

#include "engine/kernels/matmul/packed_matrix.h"
#include "engine/kernels/matmul/row_form.h"

namespace redline::engine {

struct MatmulPart {
  PackedMatrix weight;
  const float* bias = nullptr;  // out_features values, or none
  int64_t out_column = 0;       // where this part's outputs start in an out row
};

struct MatmulArgs {
  const float* x = nullptr;
  int64_t x_stride = 0;
  int64_t num_rows = 0;
  float* out = nullptr;
  int64_t out_stride = 0;
  // The rows of x once more, as weights need them (row_form.h). Not for kF32.
  const std::byte* rows_in_form[kNumRowForms] = {};
};

// The share of one call: half-open ranges of rows and panels. Rows in a form begin with a group.
struct MatmulRange {
  int64_t row_begin = 0;
  int64_t row_end = 0;
  int64_t panel_begin = 0;
  int64_t panel_end = 0;
};

// out_rows[row, n] = SiLU(sum over k of x[row, k] * gate[n, k]) * (the same sum with up), by
// silu_mul.h: the rows of the product that comes next, in the form that its weight takes. The same
// bits as a matmul, SiluMul and the conversion of rows after each other. Panels are gate's and
// up's.
struct GatedMatmulArgs {
  const std::byte* rows = nullptr;  // of x, in the form that gate and up take
  PackedMatrix gate;
  PackedMatrix up;  // of gate's shape
  std::byte* out_rows = nullptr;
};

// What a KernelSet does about it.
struct GatedMatmul {
  // Whether it has a kernel for these weights; null: for none.
  bool (*can)(const PackedMatrix& gate, const PackedMatrix& up, const PackedMatrix& down) = nullptr;
  void (*run)(const GatedMatmulArgs& args, const MatmulRange& range) = nullptr;
};

void MatmulRef(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);
void MatmulAvx2(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);
void MatmulAvx2Int8(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);
void MatmulAvxVnni(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);
void MatmulAvx512(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);
void MatmulAvx512Vnni(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);
void MatmulAvx512Bf16(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);
void MatmulAmx(const MatmulArgs& args, const MatmulPart& part, const MatmulRange& range);

bool CanGateAmx(const PackedMatrix& gate, const PackedMatrix& up, const PackedMatrix& down);
void GatedMatmulAmx(const GatedMatmulArgs& args, const MatmulRange& range);
// RowForm::kBf16 of x itself, and of x times kBf16RowScale (bf16_tiles.h).
void Bf16RowsAvx512(const RowGroup& group, std::byte* out);
void Bf16RowsAmx(const RowGroup& group, std::byte* out);

}  // namespace redline::engine
