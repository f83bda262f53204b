// The processes that compute one stage together, each on its part of every batch.
//
// The rule that makes the loss of N ranks the loss of one: each rank's loss is its share, and the
// loss is the sum of the shares. A sum over images is divided by the images of the whole batch; a
// term that every rank computes alike, from sums over all ranks, counts 1/N (PerRankShare).
// Gradients are then summed over the ranks.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace zerosweep {

// A part of a batch: images first … first + count − 1 of the whole.
struct BatchPart {
  int64_t first = 0;
  int64_t count = 0;
};

// Calls are collective: every rank makes the same ones in the same order. They throw Error (kTrial,
// "lost_worker") when a rank is gone or does not come.
class Group {
 public:
  enum class Reduction { kSum, kMin, kMax };

  virtual ~Group() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Replaces the values of each tensor by their reduction over the ranks: one collective, of one
  // flat buffer. Tensors of one dtype and device, without gradient. Equal bit for bit on all ranks.
  virtual void Reduce(const std::vector<torch::Tensor>& tensors, Reduction reduction) = 0;
  // What this rank has handed to Reduce since it was made.
  virtual int64_t reduced_bytes() const = 0;

  // This rank's part of a batch of so many images; parts differ by one image at most. Throws kUsage
  // where a rank would have none.
  BatchPart PartOf(int64_t batch) const;
};

// One process: nothing is sent.
class SoloGroup final : public Group {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void Reduce(const std::vector<torch::Tensor>&, Reduction) override {}
  int64_t reduced_bytes() const override { return 0; }
};

// This rank's share of a term that all ranks compute alike.
torch::Tensor PerRankShare(const Group& group, const torch::Tensor& term);

// Σ over ranks of the gradients of `parameters`, which replaces them; one without counts as zeros.
void SumGradients(Group& group, const std::vector<torch::Tensor>& parameters);

// Σ over ranks of numbers, in double.
std::vector<double> SumNumbers(Group& group, std::vector<double> numbers);

}  // namespace zerosweep
