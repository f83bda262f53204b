#include "engine/stages/leaving.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"

namespace zerosweep {
namespace {

LeaveRequest request;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing else");

void Note(int) {
  request.requested = true;
  if (!request.can_save) _exit(kExitInterrupted);
}

}  // namespace

LeaveRequest& ListenForLeave() {
  struct sigaction action {};
  action.sa_handler = Note;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  return request;
}

void LeaveWithTheWorker(int read_fd) {
  std::thread([read_fd] {
    pollfd stream{read_fd, 0, 0};  // no events asked for: only the hang-up is reported
    while (poll(&stream, 1, -1) < 0 || (stream.revents & (POLLHUP | POLLERR)) == 0) {
    }
    _exit(kExitInterrupted);
  }).detach();
}

}  // namespace zerosweep
