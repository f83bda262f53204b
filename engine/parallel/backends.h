// c10d's back ends. Their headers are large and define macros, so only one source file includes
// each.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "engine/parallel/process_group.h"

namespace zerosweep {

// COLLECTIVE: returns when all ranks are connected. Both functions throw c10d's exceptions.
c10::intrusive_ptr<c10d::Backend> MakeGlooBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  const GroupSeat& seat);
// The ranks connect at their first reduction, where NCCL waits indefinitely for a missing rank.
// Later a wait lasts until the result arrives, and throws on an error or timeout. REQUIRES: the
// device is a GPU.
c10::intrusive_ptr<c10d::Backend> MakeNcclBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  const GroupSeat& seat);

}  // namespace zerosweep
