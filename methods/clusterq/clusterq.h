// ClusterQ's additions to GDFQ's generator (clusterq.cc).
#pragma once

#include <torch/types.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/generative/class_batches.h"
#include "engine/generative/generative_method.h"
#include "engine/generative/generative_params.h"
#include "engine/generative/labelled_generator.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

struct ClusterQSettings {
  GenerativeSettings common;
  Distortion distortion;
  bool released = false;  // objective
  int64_t class_batch = 0;
  int64_t centroids_from = 0, epoch = 0;  // steps
  int64_t centroid_images = 0;
  double centroid_rate = 0, centroid_weight = 0, diversity_weight = 0;
  bool augment = false;
};
Params<ClusterQSettings> ClusterQParams();

// Collectives in addition to those of the loop: those of one more generator pass and one more
// teacher pass in each step, and two for each class at an update of the centroids.
class ClusterQ final : public GenerativeMethod {
 public:
  // `context` must outlive this object.
  ClusterQ(const QuantizationContext& context, const ClusterQSettings& settings);

  std::vector<torch::Tensor> Parameters() const override { return generator_.Parameters(); }
  GeneratedBatch Generate(uint64_t step, BatchPart part) override;
  GeneratedBatch HeldOut(uint64_t step, BatchPart part) override {
    return generator_.OfAllClasses(step, "images", part);
  }
  // For the intended objective: `centroids`, the number of classes that have one; with 0 the method
  // equals GDFQ.
  std::map<std::string, double> Metrics() const override;
  Terms ExtraTerms(uint64_t step, const TeacherPass& pass) override;
  void EndStep(uint64_t step) override;
  void Save(CheckpointState& state) const override;
  void Restore(const CheckpointState& state) override;

  // By class; empty for a class that has none yet.
  const Centres& centroids() const { return centroids_; }
  // Terms of the released code.
  torch::Tensor ReleasedMismatch(const std::vector<Moments>& moments) const;
  torch::Tensor ReleasedDiversity(uint64_t step, const std::vector<Moments>& moments) const;

 private:
  // Whether the images that `coin` stands for are seen through views in this step.
  bool IsAugmented(uint64_t step, const std::string& coin) const;
  torch::Tensor Views(const torch::Tensor& images, uint64_t step, const std::string& purpose,
                      BatchPart part) const;
  torch::Tensor ClassImages(uint64_t step, int64_t label) const;
  // Makes the images of an update; `first`: the centroid begins with them.
  torch::Tensor CentroidImages(uint64_t step, int64_t label, bool first) const;
  std::optional<std::vector<Moments>> ClassStatistics(const torch::Tensor& images,
                                                      int64_t label) const;

  const QuantizationContext& context_;
  ClusterQSettings settings_;
  LabelledGenerator generator_;
  Centres centroids_;
};

}  // namespace zerosweep
