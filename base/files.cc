#include "base/files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxTemporaryName = 200;  // bytes, of the 255 that a name may have

[[noreturn]] void FailErrno(const fs::path& path, const char* doing, int error = errno) {
  const bool refused = error == EROFS || error == EACCES || error == EPERM;
  const bool reads = std::string_view(doing) == "read" || std::string_view(doing) == "open";
  const char* advice = error == ENOSPC || error == EDQUOT ? "; free some space and run again"
                       : refused && !reads                ? "; choose a writable folder"
                                                          : "";
  Fail(ErrorKind::kStorage, "cannot {} {}: {}{}", doing, path.string(), std::strerror(error),
       advice);
}

// Writes and syncs everything. Returns 0, or the error number of the failed call.
int WriteAndSync(int fd, const std::vector<std::string_view>& parts) {
  for (std::string_view bytes : parts) {
    while (!bytes.empty()) {
      const ssize_t n = write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  return fsync(fd) == 0 || errno == EINVAL ? 0 : errno;  // EINVAL: not a file that can be synced
}

void WriteParts(const fs::path& path, const std::vector<std::string_view>& parts, unsigned mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) FailErrno(path, "create");
  int error = WriteAndSync(fd, parts);
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0) return;
  if (IsFile(path)) unlink(path.c_str());
  FailErrno(path, "write", error);
}

}  // namespace

bool IsFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::string ReadFile(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) FailErrno(path, "read");
  std::string bytes;
  struct stat info {};
  if (fstat(fd, &info) == 0 && info.st_size > 0) bytes.reserve(static_cast<size_t>(info.st_size));
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      close(fd);
      FailErrno(path, "read", error);
    }
    if (n == 0) break;
    bytes.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return bytes;
}

void WriteFileDurably(const fs::path& path, std::string_view bytes) {
  WriteParts(path, {bytes}, kOwnMode);
}

void WriteFileAtomically(const fs::path& path, std::string_view bytes, unsigned mode) {
  WriteFileAtomically(path, std::vector{bytes}, mode);
}

void WriteFileAtomically(const fs::path& path, const std::vector<std::string_view>& parts,
                         unsigned mode) {
  // A name of the greatest length leaves no room for an ending.
  const std::string name = path.filename().string().substr(0, kMaxTemporaryName);
  const fs::path temporary = path.parent_path() / (name + ".tmp-" + NewUuid());
  WriteParts(temporary, parts, mode);
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    FailErrno(path, "write", error);
  }
  FsyncFolder(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

void MakePrivateFolder(const fs::path& path) {
  std::error_code ignored;  // if this fails, mkdir fails too and reports why
  if (path.empty() || fs::is_directory(path, ignored)) return;
  MakePrivateFolder(path.parent_path());
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) FailErrno(path, "create");
  if (!fs::is_directory(path, ignored)) FailErrno(path, "create", ENOTDIR);
}

bool RenameNoReplace(const fs::path& from, const fs::path& to) {
  if (syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
    return true;
  }
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  if (errno != EINVAL && errno != ENOSYS) FailErrno(to, "publish");
  // The file system has no RENAME_NOREPLACE. rename() onto a folder that holds files fails with
  // ENOTEMPTY, so the first still wins.
  if (rename(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  FailErrno(to, "publish");
}

void FsyncFile(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  if (!synced)
    Fail(ErrorKind::kStorage, "cannot write {} to disk; free some space and run again",
         path.string());
}

void FsyncFolder(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) FailErrno(path, "open");
  // Some network file systems refuse to sync a folder; their rename is durable by itself.
  fsync(fd);
  close(fd);
}

void RequireUtf8Path(const fs::path& path, std::string_view what) {
  if (IsUtf8(path.native())) return;
  Fail(ErrorKind::kUsage,
       "the name of {} is not UTF-8 text: {}; rename it, since results could not name it", what,
       ShownBytes(path.native()));
}

fs::path WithHomeFolder(const std::string& path) {
  if (path != "~" && !path.starts_with("~/")) return path;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    Fail(ErrorKind::kUsage, "{}: HOME is not set, so ~ is no folder; write it out", path);
  }
  return path.size() <= 2 ? fs::path(home) : fs::path(home) / path.substr(2);
}

fs::path ProgramFolder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::string NewUuid() {
  char b[16];
  if (getrandom(b, sizeof b, 0) != sizeof b) Fail(ErrorKind::kInternal, "getrandom failed");
  b[6] = static_cast<char>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<char>((b[8] & 0x3f) | 0x80);
  std::string uuid = HexOf({b, sizeof b});
  for (const size_t dash : {8, 13, 18, 23}) uuid.insert(dash, 1, '-');
  return uuid;
}

}  // namespace zerosweep
