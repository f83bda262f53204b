#include "base/process/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace zerosweep {

Pipe::Pipe() {
  if (pipe2(ends_, O_CLOEXEC) != 0) Fail(ErrorKind::kCluster, "pipe: {}", std::strerror(errno));
}

Pipe::~Pipe() {
  for (const int end : ends_)
    if (end >= 0) close(end);
}

void Pipe::CloseWriting() {
  if (ends_[1] >= 0) close(std::exchange(ends_[1], -1));
}

int Pipe::TakeReading() { return std::exchange(ends_[0], -1); }

int Pipe::TakeWriting() { return std::exchange(ends_[1], -1); }

}  // namespace zerosweep
