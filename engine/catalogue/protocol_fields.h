// The protocol: what must match before two numbers may be compared, with its presets.
#pragma once

#include "base/json.h"

namespace zerosweep {

// {"fields": [{name, type, default, choices?, meaning, stages}], "presets": {name: {field: value}}}
// for the catalogue.
Json ProtocolFields();

}  // namespace zerosweep
