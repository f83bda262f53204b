#include "engine/kernels/border_quantizer_loops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/kernels/clones.h"

namespace zerosweep {
namespace {

constexpr auto kHighest = static_cast<float>(kHighestBorder);
constexpr int64_t kBlock = 64;  // rows between two sums in double

struct Rounded {
  float ratio, share, quadratic;  // u, t, and 1/2 + b0 + b1·t + b2·t²
  float code;                     // before clipping
};

ZEROSWEEP_INLINE Rounded Round(const BorderGrid& grid, const BorderRows& rows, int64_t lane,
                               float x) {
  Rounded of;
  of.ratio = x / grid.step;
  of.share = of.ratio / grid.levels;
  of.quadratic = (of.share * rows.b2[lane] + rows.b1[lane]) * of.share + rows.b0[lane] + 0.5F;
  float border = of.quadratic < 0 ? 0.F : of.quadratic;
  border = border > kHighest ? kHighest : border;
  // The ceiling, by an instruction that compilers vectorise.
  const float above = of.ratio - border, nearest = std::nearbyint(above);
  of.code = nearest < above ? nearest + 1 : nearest;
  return of;
}

ZEROSWEEP_INLINE float Clipped(const BorderGrid& grid, float code) {
  code = code < grid.low ? grid.low : code;
  return code > grid.high ? grid.high : code;
}

// Values of a block of rows, or of what is behind the last one.
struct Span {
  int64_t first, count;
};

template <typename Visit>
ZEROSWEEP_INLINE void ForEachRow(const MapShape& shape, Span block, const Visit& visit) {
  for (int64_t i = 0; i < block.count; i += shape.row)
    visit(block.first + i, std::min(shape.row, block.count - i));
}

// What the rows of a block add up to, by lane: the step's gradient and the border's three.
using Sums = std::array<std::vector<float>, 4>;

template <bool kKeep>
ZEROSWEEP_INLINE void AddBlock(const MapShape& shape, const BorderGrid& grid,
                               const BorderRows& rows, const BorderBackward& map, Span block,
                               Sums& sums) {
  float* __restrict for_step = sums[0].data();
  float* __restrict for_b0 = sums[1].data();
  float* __restrict for_b1 = sums[2].data();
  float* __restrict for_b2 = sums[3].data();
  ForEachRow(
      shape, block, [&](int64_t first, int64_t count) __attribute__((always_inline)) {
        const float* __restrict x = map.x + first;
        const uint8_t* __restrict keep = map.keep + (kKeep ? first : 0);
        const float* __restrict g = map.g + first;
        float* __restrict for_x = map.for_x + first;
        for (int64_t i = 0; i < count; ++i) {
          const Rounded of = Round(grid, rows, i, x[i]);
          const bool inside = of.code >= grid.low && of.code <= grid.high;
          const bool kept = !kKeep || keep[i] != 0;
          for_x[i] = inside || !kept ? g[i] : 0.F;
          const float reached = kept ? g[i] : 0.F, clipped = Clipped(grid, of.code);
          for_step[i] += reached * (inside ? clipped - of.ratio : clipped);
          const bool moves = inside && of.quadratic >= 0 && of.quadratic <= kHighest;
          const float moved = moves ? -grid.step * reached : 0.F;
          for_b0[i] += moved;
          for_b1[i] += moved * of.share;
          for_b2[i] += moved * of.share * of.share;
        }
      });
}

}  // namespace

ZEROSWEEP_CLONES void Pass(const MapShape& shape, const BorderGrid& grid, const BorderRows& rows,
                           const BorderForward& map) {
  ForEachRow(
      shape, {0, shape.values()}, [&](int64_t first, int64_t count) __attribute__((always_inline)) {
        const float* __restrict x = map.x + first;
        const uint8_t* __restrict keep = map.keep == nullptr ? nullptr : map.keep + first;
        float* __restrict y = map.y + first;
        for (int64_t i = 0; i < count; ++i)
          y[i] = Clipped(grid, Round(grid, rows, i, x[i]).code) * grid.step;
        for (int64_t i = 0; keep != nullptr && i < count; ++i) y[i] = keep[i] != 0 ? y[i] : x[i];
      });
}

ZEROSWEEP_CLONES void Pass(const MapShape& shape, const BorderGrid& grid, const BorderRows& rows,
                           const BorderBackward& map) {
  const auto lanes = static_cast<size_t>(shape.row);
  Sums sums;
  for (int64_t at = 0; at < shape.values(); at += kBlock * shape.row) {
    const Span block = {at, std::min(kBlock * shape.row, shape.values() - at)};
    for (auto& of : sums) of.assign(lanes, 0.F);
    if (map.keep == nullptr)
      AddBlock<false>(shape, grid, rows, map, block, sums);
    else
      AddBlock<true>(shape, grid, rows, map, block, sums);
    for (size_t lane = 0; lane < lanes; ++lane) {
      double* channel = map.for_border + 3 * (static_cast<int64_t>(lane) % shape.channels);
      for (size_t k = 0; k < 3; ++k) channel[k] += sums[k + 1][lane];
      *map.for_step += sums[0][lane];
    }
  }
}

}  // namespace zerosweep
