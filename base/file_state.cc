#include "base/file_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr double kMinAge = 2;  // seconds; the coarsest time stamps in use
constexpr int64_t kExfat = 0x2011BAB0;
constexpr int64_t kFuse = 0x65735546;

// Distinguishes an inode from an earlier one with the same number, where the file system counts
// them. Opening the file also makes a network file system ask its server for the current times.
unsigned long GenerationOf(const fs::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return 0;
  // The kernel writes an int, whatever the request's declared size.
  unsigned long generation = 0;
  if (ioctl(descriptor, FS_IOC_GETVERSION, &generation) != 0) generation = 0;
  close(descriptor);
  return generation;
}

}  // namespace

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::optional<FileState> StateOf(const fs::path& file) {
  const unsigned long generation = GenerationOf(file);
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return std::nullopt;
  const int64_t written = Nanoseconds(info.st_mtim), changed = Nanoseconds(info.st_ctim);
  return FileState{fmt::format("{}:{}:{}:{}:{}:{}", info.st_dev, info.st_ino, generation,
                               info.st_size, written, changed),
                   std::max(written, changed), !KeepsChangeTimes(file)};
}

bool KeepsChangeTimes(const fs::path& file) {
  struct statfs system {};
  struct stat info {};
  if (statfs(file.c_str(), &system) != 0 || stat(file.c_str(), &info) != 0) return false;
  const auto type = static_cast<int64_t>(static_cast<uint32_t>(system.f_type));
  if (type == MSDOS_SUPER_MAGIC || type == kExfat) return false;
  return type != kFuse || Nanoseconds(info.st_mtim) != Nanoseconds(info.st_ctim);
}

bool IsSettled(int64_t youngest_ns, double now_unix) {
  return now_unix - static_cast<double>(youngest_ns) * 1e-9 >= kMinAge;
}

}  // namespace zerosweep
