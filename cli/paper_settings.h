// What the catalogue takes from the papers, for reports, which do not know the catalogue.
#pragma once

#include "reports/compare.h"

namespace zerosweep {

// Every preset with the value of each of its fields, every recipe in each variant.
PaperSettings PapersOwn();

}  // namespace zerosweep
