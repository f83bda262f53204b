// The protocol fields, which must match before two results may be compared, and their presets.
#pragma once

#include "contract/declaration.h"

namespace zerosweep {

const ProtocolFields& Protocols();

}  // namespace zerosweep
