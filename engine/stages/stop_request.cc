#include "engine/stages/stop_request.h"

#include <signal.h>
#include <unistd.h>

#include "base/error.h"

namespace zerosweep {
namespace {

StopRequest request;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

void OnSignal(int) {
  request.requested = true;
  if (!request.can_save) _exit(kExitInterrupted);
}

}  // namespace

StopRequest& ListenForLeave() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  return request;
}

}  // namespace zerosweep
