// The store by which the ranks of a group meet, as c10d asks for it: every call is a question to
// the coordinator. No port, no secret.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "contract/store_messages.h"

namespace zerosweep {

// Sends the request and waits for its answer, at most so many seconds. Throws Failure::kLostWorker
// when none comes. Any thread.
using AskStore = std::function<StoreAnswer(const StoreRequest& request, double patience)>;

c10::intrusive_ptr<c10d::Store> MakeFrameStore(AskStore ask);

}  // namespace zerosweep
