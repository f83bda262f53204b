// A part of a tensor in memory, as the loops of this folder see it.
#pragma once

#include <cstdint>
#include <vector>

namespace zerosweep {

// The memory of one image of a channels-last tensor, `pixels` × `channels` floats, or of one plane
// of a contiguous tensor, whose `channels` are 1. The loops see it as rows whose length is a
// multiple of the channels and of the width of a vector, and a rest behind the last row.
struct MapShape {
  static constexpr int64_t kLanes = 64;  // four of the widest vectors

  MapShape(int64_t pixels, int64_t channels);
  // A value for each channel, repeated along a row.
  std::vector<float> Along(const float* values) const;
  int64_t values() const { return pixels * channels; }

  int64_t pixels, channels;
  int64_t row;   // floats
  int64_t rows;  // whole ones
};

}  // namespace zerosweep
