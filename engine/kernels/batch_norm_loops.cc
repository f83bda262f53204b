#include "engine/kernels/batch_norm_loops.h"

#include <algorithm>

#include "engine/kernels/clones.h"

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions alone

namespace zerosweep {
namespace {

constexpr int64_t kWidth = 16;  // floats of a vector
constexpr int64_t kStrip = 4;   // vectors side by side, so that their sums overlap in time
constexpr int64_t kLanes = kStrip * kWidth;
static_assert(kLanes == MapShape::kLanes);
constexpr int64_t kBlock = 64;  // rows that the caches hold between two visits

// The compiler makes one, two or four instructions of each operation on it.
using Vector = float __attribute__((vector_size(kWidth * sizeof(float))));

// From and to any address.
template <typename Value>
ZEROSWEEP_INLINE Value Load(const float* values) {
  Value value;
  __builtin_memcpy(&value, values, sizeof value);
  return value;
}
template <typename Value>
ZEROSWEEP_INLINE void Store(float* values, Value value) {
  __builtin_memcpy(values, &value, sizeof value);
}

// NaN stays NaN, as in PyTorch.
template <Activation kind, typename Value>
ZEROSWEEP_INLINE Value Activated(Value v) {
  const Value low = {}, high = low + 6.F;
  if constexpr (kind != Activation::kNone) v = v <= low ? low : v;
  if constexpr (kind == Activation::kRelu6) v = v >= high ? high : v;
  return v;
}

// g times the slope of the activation at v; the slopes at 0, 6 and NaN are PyTorch's.
template <Activation kind, typename Value>
ZEROSWEEP_INLINE Value PassedBack(Value v, Value g) {
  const Value zero = {};
  if constexpr (kind == Activation::kRelu) g = v <= zero ? zero : g;
  if constexpr (kind == Activation::kRelu6) {
    g = v >= zero ? g : zero;
    g = v <= zero + 6.F ? g : zero;
  }
  return g;
}

// Where a value stands: in the map, and in a row.
struct Place {
  int64_t map, row;
};

template <Activation kind, bool kResidual, typename Value>
ZEROSWEEP_INLINE Value Normalised(const NormRows& rows, const float* x, const float* residual,
                                  Place at) {
  Value v =
      Load<Value>(rows.scale + at.row) * Load<Value>(x + at.map) + Load<Value>(rows.shift + at.row);
  if constexpr (kResidual) v += Load<Value>(residual + at.map);
  return v;
}

template <Activation kind, bool kResidual, typename Value>
ZEROSWEEP_INLINE void Step(const NormRows& rows, const NormForward& map, Place at) {
  Store(map.y + at.map,
        Activated<kind>(Normalised<kind, kResidual, Value>(rows, map.x, map.residual, at)));
}

template <Activation kind, bool kResidual, typename Value>
ZEROSWEEP_INLINE void Step(const NormRows& rows, const NormBackward& map, Place at) {
  Value gradient = {};
  if (map.g != nullptr) {
    const Value v = Normalised<kind, kResidual, Value>(rows, map.x, map.residual, at);
    const Value passed = PassedBack<kind>(v, Load<Value>(map.g + at.map));
    if (map.for_residual != nullptr) Store(map.for_residual + at.map, passed);
    gradient = passed * Load<Value>(rows.scale + at.row);
  }
  if (rows.slope != nullptr) {
    const Value deviation = Load<Value>(map.x + at.map) - Load<Value>(rows.mean + at.row);
    gradient += Load<Value>(rows.slope + at.row) * deviation + Load<Value>(rows.offset + at.row);
  }
  Store(map.for_x + at.map, gradient);
}

// Mean and sum of squared deviations of `count` values; the update is that of Chan, Golub & LeVeque
// (1979), eq. 2.1: no large sums, so that large means cost no digits.
struct Running {
  double mean = 0, squares = 0;

  void Merge(double count, const Running& more, double more_count) {
    const double all = count + more_count, delta = more.mean - mean;
    mean += delta * (more_count / all);
    squares += more.squares + delta * delta * (count * more_count / all);
  }
};

// Adds the moments of rows first … last − 1, by lane.
ZEROSWEEP_INLINE void AddRows(const MapShape& shape, const float* x, int64_t first, int64_t last,
                              std::vector<Running>& lanes) {
  const auto count = static_cast<float>(last - first);
  for (int64_t strip = 0; strip < shape.row; strip += kLanes) {
    // The deviations are from a centre that is about the mean, and their own mean is taken out.
    Vector centre[kStrip] = {}, sum[kStrip] = {}, squares[kStrip] = {};
    const auto each = [&](const auto& visit) __attribute__((always_inline)) {
      for (int64_t r = first; r < last; ++r)
        for (int64_t v = 0; v < kStrip; ++v)
          visit(v, Load<Vector>(x + r * shape.row + strip + v * kWidth));
    };
    each([&](int64_t v, Vector value) __attribute__((always_inline)) { centre[v] += value; });
    for (Vector& of : centre) of /= count;
    each([&](int64_t v, Vector value) __attribute__((always_inline)) {
      const Vector deviation = value - centre[v];
      sum[v] += deviation;
      squares[v] += deviation * deviation;
    });
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t v = lane / kWidth, at = lane % kWidth;
      const double offset = sum[v][at] / static_cast<double>(count);
      const Running block = {centre[v][at] + offset, squares[v][at] - offset * sum[v][at]};
      lanes[static_cast<size_t>(strip + lane)].Merge(static_cast<double>(first), block, count);
    }
  }
}

// The channels' moments: those of the lanes, and of the pixels behind the last row.
void Collect(const MapShape& shape, const NormForward& map, const std::vector<Running>& lanes) {
  const auto rows = static_cast<double>(shape.rows);
  for (int64_t c = 0; c < shape.channels; ++c) {
    Running all;
    double count = 0;
    for (int64_t lane = c; lane < shape.row && shape.rows > 0; lane += shape.channels) {
      all.Merge(count, lanes[static_cast<size_t>(lane)], rows);
      count += rows;
    }
    for (int64_t i = shape.rows * shape.row + c; i < shape.values(); i += shape.channels) {
      all.Merge(count, {map.x[i], 0}, 1);
      count += 1;
    }
    map.mean[c] = static_cast<float>(all.mean);
    map.squares[c] = static_cast<float>(all.squares);
  }
}

// Visits the values from `first` to `last`, both beginnings of rows or the end.
template <Activation kind, bool kResidual, typename Map>
ZEROSWEEP_INLINE void Steps(const MapShape& shape, const NormRows& rows, const Map& map,
                            int64_t first, int64_t last) {
  int64_t i = first;
  for (; i + shape.row <= last; i += shape.row) {
    for (int64_t lane = 0; lane < shape.row; lane += kWidth)
      Step<kind, kResidual, Vector>(rows, map, {i + lane, lane});
  }
  for (int64_t lane = 0; i + lane < last; ++lane)
    Step<kind, kResidual, float>(rows, map, {i + lane, lane});
}

template <typename Map>
ZEROSWEEP_INLINE void Choose(const MapShape& shape, const NormRows& rows, Activation activation,
                             const Map& map, int64_t first, int64_t last) {
  const auto with = [&]<Activation kind>() __attribute__((always_inline)) {
    if (map.residual == nullptr)
      Steps<kind, false>(shape, rows, map, first, last);
    else
      Steps<kind, true>(shape, rows, map, first, last);
  };
  switch (activation) {
    case Activation::kNone:
      return with.template operator()<Activation::kNone>();
    case Activation::kRelu:
      return with.template operator()<Activation::kRelu>();
    case Activation::kRelu6:
      return with.template operator()<Activation::kRelu6>();
  }
}

}  // namespace

ZEROSWEEP_CLONES void Pass(const MapShape& shape, const NormRows& rows, Activation activation,
                           const NormForward& map) {
  std::vector<Running> lanes(map.mean == nullptr ? 0 : static_cast<size_t>(shape.row));
  int64_t r = 0;
  do {
    const int64_t end = std::min(r + kBlock, shape.rows);
    const bool last = end == shape.rows;  // takes the pixels behind the last row along
    if (map.mean != nullptr) {
      if (r < end) AddRows(shape, map.x, r, end, lanes);
      if (last) Collect(shape, map, lanes);
    }
    // y may be x: only now.
    if (map.y != nullptr) {
      const int64_t from = r * shape.row, to = last ? shape.values() : end * shape.row;
      Choose(shape, rows, activation, map, from, to);
      if (map.codes != nullptr)
        EncodeSpan(*map.grid, map.y + from, map.codes + from, to - from);
      else if (map.grid != nullptr)
        FakeQuantizeSpan(*map.grid, map.y + from, map.y + from, to - from);
    }
    r = end;
  } while (r < shape.rows);
}

ZEROSWEEP_CLONES void Pass(const MapShape& shape, const NormRows& rows, Activation activation,
                           const NormBackward& map) {
  Choose(shape, rows, activation, map, 0, shape.values());
}

}  // namespace zerosweep
