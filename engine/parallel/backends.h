// c10d's back ends. Their headers are heavy and bring macros: each is seen by one source file
// alone.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "engine/parallel/process_group.h"

namespace zerosweep {

// COLLECTIVE: returns when all ranks are connected. Throw what c10d throws.
c10::intrusive_ptr<c10d::Backend> MakeGlooBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  const GroupSeat& seat);
// The ranks connect at their first reduction, where NCCL waits for a rank that does not come
// without limit. Otherwise a wait lasts until the result is there, and throws when an error or the
// timeout is. REQUIRES: the device is a GPU.
c10::intrusive_ptr<c10d::Backend> MakeNcclBackend(const c10::intrusive_ptr<c10d::Store>& store,
                                                  const GroupSeat& seat);

}  // namespace zerosweep
