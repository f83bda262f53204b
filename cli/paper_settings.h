// What the catalogue takes from the papers, for reports, which do not know the catalogue.
#pragma once

#include "reports/leaderboard/settings.h"

namespace zerosweep {

// Every preset with the value of each of its fields, every part of a method in each variant, every
// recipe. Parameters without influence on an accuracy are left out.
PaperSettings PapersOwn();

}  // namespace zerosweep
