#include "contract/frames.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/error.h"

namespace zerosweep {

std::optional<Json> FrameBuffer::Next() {
  uint32_t size = 0;
  if (bytes_.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, bytes_.data(), sizeof size);
  if (size > kMaxFrameBytes) {
    Fail(ErrorKind::kCluster, "stage sent a frame of {} bytes, above the limit of {}", size,
         kMaxFrameBytes);
  }
  if (bytes_.size() < sizeof size + size) return std::nullopt;
  Json message =
      Json::parse(bytes_.begin() + sizeof size, bytes_.begin() + sizeof size + size, nullptr,
                  /*allow_exceptions=*/false);
  bytes_.erase(0, sizeof size + size);
  if (!message.is_object())
    Fail(ErrorKind::kCluster, "stage sent a frame that is not a JSON object");
  return message;
}

ReadStatus ReadInto(int fd, FrameBuffer& buffer) {
  char bytes[1 << 16];
  for (;;) {
    const ssize_t n = read(fd, bytes, sizeof bytes);
    if (n > 0) {
      buffer.Append(bytes, static_cast<size_t>(n));
      return ReadStatus::kFrames;
    }
    if (n == 0) return ReadStatus::kEnd;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? ReadStatus::kNothingYet : ReadStatus::kEnd;
  }
}

bool WriteFrame(int fd, const Json& message) {
  const std::string body = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (body.size() > kMaxFrameBytes)
    Fail(ErrorKind::kInternal, "a frame of {} bytes is too large", body.size());
  const auto size = static_cast<uint32_t>(body.size());
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  bytes += body;
  for (size_t written = 0; written < bytes.size();) {
    const ssize_t n = write(fd, bytes.data() + written, bytes.size() - written);
    if (n >= 0) {
      written += static_cast<size_t>(n);
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::optional<Json> ReadFrame(int fd, FrameBuffer& buffer) {
  for (;;) {
    if (auto message = buffer.Next()) return message;
    if (ReadInto(fd, buffer) == ReadStatus::kEnd) return std::nullopt;
  }
}

}  // namespace zerosweep
