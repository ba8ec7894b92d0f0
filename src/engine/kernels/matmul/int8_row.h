// A row of x as bytes: RowForm::kInt8. One cache line for each 32 elements of k.
//
//   scale = max |x| / 127, q = x * (127 / max |x|) rounded to nearest even: x is about scale * q
//
// A block whose scale would be zero or subnormal counts as zeros. One with an infinity or a NaN has
// q = 0 and a scale of NaN, which makes every output of its row NaN.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/matmul/row_form.h"

namespace redline::engine {

struct alignas(64) Int8Block {
  int8_t quants[kRowFormBlock];
  float scale;
  float scaled_sum;            // scale * the sum of q: what a weight's minimum is multiplied with
  int32_t offset_sum;          // -128 * the sum of q: adding it takes 128 from every weight
  int32_t half_offset_sum[2];  // the same of elements 0..15 and 16..31
};
static_assert(sizeof(Int8Block) == RowFormBytes(RowForm::kInt8, kRowFormBlock));

// A group of rows (row_form.h). Their length is a multiple of 32.
void Int8RowsAvx2(const RowGroup& group, std::byte* out);

}  // namespace redline::engine
