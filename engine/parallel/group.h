// The processes that compute one stage together, each on its part of every batch.
//
// One rule makes the loss of N ranks equal the loss of one: each rank's loss is its share, and the
// total loss is the sum of the shares. A sum over images is divided by the images of the whole
// batch. A term that every rank computes alike from sums over all ranks is divided by N
// (PerRankShare). Gradients are then summed over the ranks.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace zerosweep {

// A part of a batch: its images first … first + count − 1.
struct BatchPart {
  int64_t first = 0;
  int64_t count = 0;
};

// Calls are collective: every rank makes the same calls in the same order. They throw Error
// (kTrial, "lost_worker") when a rank is lost or does not arrive.
class Group {
 public:
  enum class Reduction { kSum, kMin, kMax };

  virtual ~Group() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Replaces the values of each tensor by their reduction over the ranks, in one collective on one
  // flat buffer. The tensors share one dtype and device and have no gradient. The results are equal
  // bit for bit on all ranks.
  virtual void Reduce(const std::vector<torch::Tensor>& tensors, Reduction reduction) = 0;
  // Bytes that this rank has passed to Reduce so far.
  virtual int64_t reduced_bytes() const = 0;

  // Returns this rank's part of a batch of `batch` images; parts differ by at most one image.
  // Throws kUsage if a rank would have none.
  BatchPart PartOf(int64_t batch) const;
};

// A single process, which sends nothing.
class SoloGroup final : public Group {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void Reduce(const std::vector<torch::Tensor>&, Reduction) override {}
  int64_t reduced_bytes() const override { return 0; }
};

// This rank's share of a term that all ranks compute alike.
torch::Tensor PerRankShare(const Group& group, const torch::Tensor& term);

// Replaces the gradients of `parameters` by their sums over the ranks. A missing gradient counts as
// zeros.
void SumGradients(Group& group, const std::vector<torch::Tensor>& parameters);

// Σ over ranks of numbers, in double.
std::vector<double> SumNumbers(Group& group, std::vector<double> numbers);

}  // namespace zerosweep
