// The limits of a method (engine/catalogue/limits.h), asked again where the network and the images
// are at hand.
#pragma once

#include "engine/graph/teacher.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {

// What a stage knows of its trial beyond parameters and network. Null: it does not.
struct StageFacts {
  Json protocol = Json::object();
  Json a_bits;
  Json labelled;  // whether the images were made for classes
};

// Throws kUsage with the message that planning gives.
void CheckLimits(const StageContext& context, const Declaration& method, const Teacher& teacher,
                 const StageFacts& known = {});

}  // namespace zerosweep
