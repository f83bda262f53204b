#include "base/process/run_program.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/process/pipe.h"
#include "base/process/spawn.h"

namespace zerosweep {
namespace {

constexpr size_t kMost = size_t{4} << 20;  // bytes of a stream that are kept
constexpr int kLook = 20;                  // milliseconds between two checks of the child

// Appends the available bytes. Returns false at the end of the stream.
bool Drain(int fd, std::string& text) {
  char buffer[4096];
  const ssize_t size = read(fd, buffer, sizeof buffer);
  if (size < 0) return errno == EINTR || errno == EAGAIN;
  text.append(buffer, std::min(static_cast<size_t>(size), kMost - std::min(kMost, text.size())));
  return size > 0;
}

// Reads both streams until the child has ended, the time is over or it is asked to stop; says which
// in the result. A grandchild may keep a stream open, so the child's end counts, not the stream's.
void Follow(pid_t child, double seconds, const std::stop_token& stop, Pipe& out, Pipe& err,
            ProgramResult& result, int& status) {
  const double start = SystemClock().Monotonic();
  pollfd streams[2] = {{out.reading(), POLLIN, 0}, {err.reading(), POLLIN, 0}};
  const auto read_ready = [&](int patience) {
    if (poll(streams, 2, patience) <= 0) return false;
    if (streams[0].revents != 0 && !Drain(out.reading(), result.out)) streams[0].fd = -1;
    if (streams[1].revents != 0 && !Drain(err.reading(), result.err)) streams[1].fd = -1;
    return true;
  };
  while (waitpid(child, &status, WNOHANG) == 0) {
    result.timed_out = SystemClock().Monotonic() - start > seconds;
    result.stopped = stop.stop_requested();
    if (result.timed_out || result.stopped) return;
    read_ready(kLook);
  }
  while ((streams[0].fd >= 0 || streams[1].fd >= 0) && read_ready(0)) {
  }
}

}  // namespace

ProgramResult RunProgram(const std::vector<std::string>& words,
                         const std::map<std::string, std::string>& environment, double seconds,
                         const std::stop_token& stop) {
  Pipe out, err;
  SpawnOptions spawn;
  spawn.words = words;
  spawn.environment = environment;
  spawn.descriptors = {{out.writing(), STDOUT_FILENO}, {err.writing(), STDERR_FILENO}};
  const pid_t child = Spawn(spawn);
  for (Pipe* pipe : {&out, &err}) pipe->CloseWriting();
  ProgramResult result;
  int status = 0;
  Follow(child, seconds, stop, out, err, result, status);
  if (result.timed_out || result.stopped) {
    kill(-child, SIGKILL);
    waitpid(child, &status, 0);
    return result;
  }
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace zerosweep
