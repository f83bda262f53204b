// The convolutions of a computation, and how long they take by themselves.
#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <vector>

namespace zerosweep {

// Records every convolution and every gradient of one that this thread computes while it exists,
// by shape. Replays them on tensors of its own: the same operators in the same order, with the same
// gradients and memory formats, and nothing else.
class ConvolutionLog {
 public:
  ConvolutionLog();
  ~ConvolutionLog();
  ConvolutionLog(const ConvolutionLog&) = delete;
  ConvolutionLog& operator=(const ConvolutionLog&) = delete;

  using Calls = std::vector<size_t>;
  // The calls since the last time.
  Calls Take();
  // Seconds of a replay.
  double Replay(const Calls& calls);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zerosweep
