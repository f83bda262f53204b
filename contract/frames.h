// Frames between a worker and its stage process: a 4-byte little-endian length, then that many
// bytes of JSON, at most 16 MiB. Tensors never travel in frames. The stage reads fd 3 and writes fd
// 4.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace zerosweep {

inline constexpr size_t kMaxFrameBytes = size_t{16} << 20;
inline constexpr int kFrameReadFd = 3;   // in the stage process
inline constexpr int kFrameWriteFd = 4;  // in the stage process

// Assembles frames from bytes as they arrive. Single-threaded.
class FrameBuffer {
 public:
  void Append(const char* bytes, size_t size) { bytes_.append(bytes, size); }
  // The next complete frame, if any. Throws kCluster for a length above the limit or a body that is
  // not a JSON object; the stream cannot be trusted after that.
  std::optional<Json> Next();

 private:
  std::string bytes_;
};

enum class ReadStatus { kFrames, kNothingYet, kEnd };

// Reads the available bytes (one read call, which blocks only if the descriptor does) into the
// buffer.
ReadStatus ReadInto(int fd, FrameBuffer& buffer);

// Writes one complete frame; waits if the pipe is full. Returns false when the reader is gone
// (EPIPE). REQUIRES: SIGPIPE is ignored. Throws kInternal if the frame is larger than the limit.
bool WriteFrame(int fd, const Json& message);

// Blocks for one frame; nullopt at the end of the stream.
std::optional<Json> ReadFrame(int fd, FrameBuffer& buffer);

}  // namespace zerosweep
