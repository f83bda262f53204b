// The parameters of a PlateauSchedule.
#pragma once

#include <string>

#include "engine/catalogue/params.h"
#include "engine/optim/optimiser.h"

namespace zerosweep {

// Declares plateau_patience, plateau_factor, min_lr. `what` names the rate that falls.
Params<PlateauSchedule::Settings> PlateauParams(const std::string& what, int64_t patience,
                                                const std::string& source);

}  // namespace zerosweep
