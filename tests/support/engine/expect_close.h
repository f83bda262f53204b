// Tensors of a kernel against plain tensor operations in double precision.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <string>

namespace zerosweep {

// The largest difference, relative to the largest plain value.
inline void ExpectClose(const torch::Tensor& ours, const torch::Tensor& plain, double tolerance,
                        const std::string& what = "") {
  const double scale = plain.abs().max().item<double>() + 1e-30;
  const torch::Tensor error = (ours.to(torch::kFloat64) - plain).abs();
  EXPECT_LE(error.max().item<double>(), tolerance * scale) << what;
}

// The same for what some cases have not, such as the gradient of no residual.
inline void ExpectCloseIfAny(const torch::Tensor& ours, const torch::Tensor& plain,
                             double tolerance, const std::string& what) {
  EXPECT_EQ(ours.defined(), plain.defined()) << what;
  if (plain.defined()) ExpectClose(ours, plain, tolerance, what);
}

}  // namespace zerosweep
