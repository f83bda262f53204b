// The catalogue's values from the papers, for reports, which do not know the catalogue.
#pragma once

#include "reports/leaderboard/settings.h"

namespace zerosweep {

// Every preset with the value of each of its fields, every method part in each variant, and every
// recipe. Parameters that do not influence accuracy are left out.
PaperSettings PapersOwn();

}  // namespace zerosweep
