// Parameters that several methods declare.
#pragma once

#include <string>
#include <vector>

#include "engine/catalogue/declare.h"
#include "engine/catalogue/limits.h"

namespace zerosweep {

// A whole number of at least 1 with a value for each profile; that of `paper` is the default.
struct Budget {
  int64_t paper = 0, fast = 0, smoke = 0;
};
ParamSpec BudgetParam(const std::string& name, Budget budget, const std::string& meaning,
                      const std::string& unit, const std::string& source);

// A number of at least 0: a rate or a weight.
ParamSpec RateParam(const std::string& name, double value, const std::string& meaning,
                    const std::string& source);

// A number from 0 to 1.
ParamSpec ShareParam(const std::string& name, double value, const std::string& meaning,
                     const std::string& source);

// Of PlateauSchedule: plateau_patience, plateau_factor, min_lr. `what` names the rate that falls.
std::vector<ParamSpec> PlateauParams(const std::string& what, int64_t patience,
                                     const std::string& source);

// `first` and then `more`.
std::vector<ParamSpec> Joined(std::vector<ParamSpec> first, std::vector<ParamSpec> more);

}  // namespace zerosweep
