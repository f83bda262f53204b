#include "engine/generative/generative_limits.h"

namespace zerosweep {

std::vector<Limit> GenerativeLimits() {
  return {NeedsBatchNorms(),
          {{{"param.calibration", "above", FactNamed("param.warm_up")}},
           "calibration is {param.calibration}, must be at most warm_up ({param.warm_up}): ranges "
           "are set before the student is trained"},
          {{{"param.calibration", "is", 0}, {"trial.a_bits", "is_not", 32}},
           "calibration is 0, so that the student's activation ranges are never set: give some "
           "steps, or leave activations in full precision"},
          NeedsAnImageARank("batch")};
}

}  // namespace zerosweep
