#include "engine/kernels/peak/peak.h"
#include "engine/kernels/simd/amx.h"

namespace redline::engine {

// Four sums, as the matmul has them: enough to hide a product's latency.
float PeakBf16Amx(int64_t rounds) {
  const TileScope tiles;
  alignas(64) uint16_t ones[kTileRows][kTileK];
  for (auto& row : ones) _mm512_store_si512(row, _mm512_set1_epi16(0x3f80));
  TileLoad<4>(ones, kTileRowBytes);
  TileLoad<6>(ones, kTileRowBytes);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 6);
    _tile_dpbf16ps(2, 4, 6);
    _tile_dpbf16ps(3, 4, 6);
  }
  alignas(64) float sums[4][kTileRows][kTileRows];
  TileStore<0>(sums[0], kTileRowBytes);
  TileStore<1>(sums[1], kTileRowBytes);
  TileStore<2>(sums[2], kTileRowBytes);
  TileStore<3>(sums[3], kTileRowBytes);
  return sums[0][0][0] + sums[1][0][0] + sums[2][0][0] + sums[3][0][0];
}

}  // namespace redline::engine
