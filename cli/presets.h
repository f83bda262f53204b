// Protocol presets for reports, which do not know the catalogue.
#pragma once

#include "reports/compare.h"

namespace zerosweep {

// Every preset with the value of each of its fields.
Presets ProtocolPresets();

}  // namespace zerosweep
