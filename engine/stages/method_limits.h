// The limits of a method (engine/catalogue/limits.h), checked again once the network and the images
// are known.
#pragma once

#include "engine/graph/teacher.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {

// Facts of its trial that a stage knows, beyond parameters and network. Null: unknown.
struct StageFacts {
  Json protocol = Json::object();
  Json a_bits;
  Json labelled;  // whether the images were made for classes
};

// Throws kUsage with the same message as planning.
void CheckLimits(const StageContext& context, const Declaration& method, const Teacher& teacher,
                 const StageFacts& known = {});

}  // namespace zerosweep
