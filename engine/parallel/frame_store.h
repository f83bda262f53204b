// The store through which the ranks of a group meet, in c10d's interface. Every call is a request
// to the coordinator, so the store needs no port and no secret.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "contract/store_messages.h"

namespace zerosweep {

// Sends the request and waits at most `patience` seconds for its answer. Throws
// Failure::kLostWorker when none arrives. Any thread.
using AskStore = std::function<StoreAnswer(const StoreRequest& request, double patience)>;

c10::intrusive_ptr<c10d::Store> MakeFrameStore(AskStore ask);

}  // namespace zerosweep
