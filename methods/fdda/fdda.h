// FDDA's additions to GDFQ's generator and student (fdda.cc).
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/generative/class_batches.h"
#include "engine/generative/generative_method.h"
#include "engine/generative/generative_params.h"
#include "engine/generative/labelled_generator.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

struct FddaSettings {
  GenerativeSettings common;
  Distortion distortion;
  int64_t class_batch = 0;
  int64_t real_images = 0;                   // 0: one of each class
  double real_crop = 0, synthetic_crop = 0;  // smallest shares of an image's area
  int64_t any_class = 0;                     // steps
  double centre_weight = 0, distorted_weight = 0;
};
Params<FddaSettings> FddaParams();

// Collectives in addition to those of the loop: one more generator and teacher pass in each step.
class Fdda final : public GenerativeMethod {
 public:
  // Runs the teacher on one real image of each class. `context` must outlive this object. Throws
  // Failure::kConfiguration when the calibration images lack a class.
  Fdda(const QuantizationContext& context, const FddaSettings& settings);

  std::vector<torch::Tensor> Parameters() const override { return generator_.Parameters(); }
  GeneratedBatch Generate(uint64_t step, BatchPart part) override {
    return generator_.OfAllClasses(step, "images", part);
  }
  Terms ExtraTerms(uint64_t step, const TeacherPass& pass) override;
  TrainingBatch ForStudent(uint64_t step, TrainingBatch generated) override;
  int64_t StudentImages(int64_t generated) const override;
  // `real_images`: the number of real images that the student sees.
  std::map<std::string, double> Metrics() const override;

  const Centres& centres() const { return centres_; }           // by class
  const std::vector<int64_t>& known() const { return known_; }  // K, sorted

 private:
  // Finds the centres and returns the indices of their images, by class.
  std::vector<int64_t> FindCentres();
  torch::Tensor Real(const std::vector<int64_t>& indices) const;
  torch::Tensor SharedView(uint64_t step, const torch::Tensor& images) const;
  std::vector<int64_t> RealIndices(uint64_t step) const;

  const QuantizationContext& context_;
  FddaSettings settings_;
  LabelledGenerator generator_;
  Centres centres_;
  std::vector<int64_t> known_;  // classes whose image the teacher classifies correctly
  std::vector<int64_t> all_;    // every class
  std::vector<int64_t> real_;   // images for the student, by index in the calibration split
};

}  // namespace zerosweep
