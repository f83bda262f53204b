// What FDDA adds to GDFQ's generator and student (fdda.cc).
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "engine/joint/class_batches.h"
#include "engine/joint/joint_method.h"
#include "engine/joint/labelled_generator.h"
#include "engine/quant/quantizer.h"

namespace zerosweep {

// Collectives beside those of the loop: a generator pass and a teacher pass more each step.
class Fdda final : public JointMethod {
 public:
  // Runs the teacher on one real image of each class. `context` outlives this object. Throws
  // Failure::kConfiguration when the calibration images hold none of some class.
  explicit Fdda(const QuantizationContext& context);

  std::vector<torch::Tensor> Parameters() const override { return generator_.Parameters(); }
  GeneratedBatch Generate(uint64_t step, BatchPart part) override {
    return generator_.OfAllClasses(step, "images", part);
  }
  Terms ExtraTerms(uint64_t step, const TeacherPass& pass) override;
  TrainingBatch ForStudent(uint64_t step, TrainingBatch generated) override;
  int64_t StudentImages(int64_t generated) const override;
  // `real_images`, that the student sees.
  std::map<std::string, double> Metrics() const override;

  const Centres& centres() const { return centres_; }           // by class
  const std::vector<int64_t>& known() const { return known_; }  // K, sorted

 private:
  // Returns the images that they are of, by class.
  std::vector<int64_t> FindCentres();
  torch::Tensor Real(const std::vector<int64_t>& indices) const;
  torch::Tensor SharedView(uint64_t step, const torch::Tensor& images) const;
  std::vector<int64_t> RealIndices(uint64_t step) const;

  const QuantizationContext& context_;
  LabelledGenerator generator_;
  Centres centres_;
  std::vector<int64_t> known_;  // classes whose image the teacher takes for what it is
  std::vector<int64_t> all_;    // every class
  std::vector<int64_t> real_;   // images for the student, by index in the calibration split
};

}  // namespace zerosweep
