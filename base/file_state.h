// Whether a file may have changed since it was read, as far as its file system tells.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace zerosweep {

struct FileState {
  // Changes when the content is replaced or written again, whatever becomes of name, size and time
  // of writing (cp -p, tar, rsync -t): device, inode and its generation, size, time of writing,
  // time of change.
  std::string key;
  int64_t youngest_ns = 0;  // the later of the two times, since 1970
  // The file system keeps no time of change that could be relied on: only the content tells.
  bool doubtful = false;
};

// nullopt, with errno set, when there is no such file.
std::optional<FileState> StateOf(const std::filesystem::path& file);

// Whether the file system of this file or folder keeps times of change at all: FAT has none, and
// some FUSE file systems (sshfs) give the time of writing in their place. False when it cannot be
// asked.
bool KeepsChangeTimes(const std::filesystem::path& file);

// Whether a digest may be remembered under times of which the latest is this: a file that is
// written again within the granularity of its time stamps would keep its key.
bool IsSettled(int64_t youngest_ns, double now_unix);

}  // namespace zerosweep
