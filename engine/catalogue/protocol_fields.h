// The protocol: what must match before two numbers may be compared, with its presets.
#pragma once

#include "contract/declaration.h"

namespace zerosweep {

const ProtocolFields& Protocols();

}  // namespace zerosweep
