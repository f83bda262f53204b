// Detects whether a file may have changed since it was read, as far as its file system shows.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

namespace zerosweep {

struct FileState {
  // Changes when the content is replaced or rewritten, even if name, size and modification time
  // stay the same (cp -p, tar, rsync -t). Made of device, inode and its generation, size,
  // modification time and change time.
  std::string key;
  int64_t youngest_ns = 0;  // the later of the two times, in ns since 1970
  // The file system keeps no reliable change time: only the content shows a change.
  bool doubtful = false;
};

// Nanoseconds since 1970.
int64_t Nanoseconds(const timespec& time);

// nullopt, with errno set, when the file does not exist.
std::optional<FileState> StateOf(const std::filesystem::path& file);

// Whether the file system of this file or folder keeps change times at all: FAT has none, and some
// FUSE file systems (sshfs) report the modification time instead. False when the file system cannot
// be queried.
bool KeepsChangeTimes(const std::filesystem::path& file);

// Whether a digest may be remembered for a file whose latest time is `youngest_ns`: a file that is
// rewritten within the granularity of its time stamps would keep its key.
bool IsSettled(int64_t youngest_ns, double now_unix);

}  // namespace zerosweep
