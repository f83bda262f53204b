// GDFQ (Xu et al., ECCV 2020; authors' code): a generator learns images that the teacher takes for
// the class asked for and whose batch-norm statistics match, while the quantized network learns on
// them. The loop is engine/joint/joint_training.h.
#include "engine/joint/joint_training.h"
#include "engine/joint/labelled_generator.h"

namespace zerosweep {
namespace {

class Gdfq final : public JointMethod {
 public:
  explicit Gdfq(const QuantizationContext& context) : generator_(context) {}

  std::vector<torch::Tensor> Parameters() const override { return generator_.Parameters(); }
  GeneratedBatch Generate(uint64_t step, BatchPart part) override {
    return generator_.OfAllClasses(step, "images", part);
  }

 private:
  LabelledGenerator generator_;
};

Quantization Quantize(const QuantizationContext& context) {
  Gdfq gdfq(context);
  return TrainJointly(context, "gdfq", gdfq);
}

const RegisterQuantizer kGdfq{
    {.role = "quantizer",
     .name = "gdfq",
     .summary =
         "quantization-aware training on the images of a generator that is trained beside it",
     .paper = "GDFQ (Xu et al., ECCV 2020)",
     .revision = 1,
     .uses_seed = true,
     .needs = {"batch_norm"},
     .params = JointParams({}),
     .facts = {{"joint", true}, {"groups", true}}},
    Quantize};

}  // namespace
}  // namespace zerosweep
