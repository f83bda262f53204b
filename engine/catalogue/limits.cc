#include "engine/catalogue/limits.h"

namespace zerosweep {

Limit NeedsBatchNorms() {
  return {
      {{"model.batch_norms", "is", 0}},
      "it matches batch-norm statistics, and this network has no batch norm: take noise, real, "
      "qdrop, brecq, adaround or genie_real, which do without, or exclude this pair"};
}

Limit NeedsMaps() {
  return {{{"trial.side", "below", FactNamed("model.map_side")}},
          "it takes the variance of every map, and from images of {trial.side} pixels some maps of "
          "this network are one pixel: it needs at least {model.map_side}"};
}

Limit NeedsAnImageARank(const std::string& param) {
  return {{{"param." + param, "below", FactNamed("param.ranks")}},
          param + " is {param." + param +
              "}, which {param.ranks} ranks cannot share: give at least one image a rank"};
}

std::vector<Limit> Concat(std::vector<Limit> first, const std::vector<Limit>& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

}  // namespace zerosweep
