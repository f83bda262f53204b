#include "engine/optim/plateau_params.h"

namespace zerosweep {

Params<PlateauSchedule::Settings> PlateauParams(const std::string& what, int64_t patience,
                                                const std::string& source) {
  using Settings = PlateauSchedule::Settings;
  return {
      Bind(&Settings::patience, {.name = "plateau_patience",
                                 .default_value = patience,
                                 .meaning = "steps without a better loss before " + what + " falls",
                                 .unit = "iterations",
                                 .source = source,
                                 .min = 0}),
      Bind(&Settings::factor,
           FractionParam("plateau_factor", 0.1, "what " + what + " falls by", source)),
      Bind(&Settings::min_lr, RateParam("min_lr", 1e-4, "lowest value of " + what, source))};
}

}  // namespace zerosweep
