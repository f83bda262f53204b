// c10d's back end for CPUs. Its headers are large and define macros, so one source file includes
// them.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "engine/parallel/process_group.h"

namespace zerosweep {

// COLLECTIVE: returns when all ranks are connected. Throws c10d's exceptions.
c10::intrusive_ptr<c10d::Backend> MakeGlooBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  const GroupSeat& seat);

}  // namespace zerosweep
