#include "contract/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/process/pipe.h"
#include "base/process/spawn.h"
#include "base/text.h"
#include "contract/frames.h"

namespace zerosweep {

std::map<std::string, std::string> ChildEnvironment() {
  static const std::set<std::string> kNames = {"PATH",
                                               "HOME",
                                               "USER",
                                               "TMPDIR",
                                               "LANG",
                                               "LC_ALL",
                                               "TZ",
                                               "LD_PRELOAD",
                                               "ASAN_OPTIONS",
                                               "CUDA_VISIBLE_DEVICES",
                                               "CUDA_HOME",
                                               "CUDA_CACHE_PATH",
                                               "CUDA_DEVICE_ORDER",
                                               "CUDA_MODULE_LOADING"};
  static constexpr const char* kPrefixes[] = {"NCCL_", "TORCH_NCCL_", "GLOO_", "ZEROSWEEP_FAULT_"};
  std::map<std::string, std::string> kept;
  for (const auto& [name, value] : OwnEnvironment()) {
    const bool listed =
        kNames.contains(name) ||
        std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                    [&name = name](const char* prefix) { return name.starts_with(prefix); });
    if (listed) kept.emplace(name, value);
  }
  return kept;
}

ChildProcess::ChildProcess(const ChildOptions& options) {
  Pipe to_child, from_child;
  const int log = open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0)
    Fail(ErrorKind::kCluster, "cannot open the log {}: {}", options.log.string(),
         std::strerror(errno));
  const std::unique_ptr<const int, void (*)(const int*)> close_log(
      &log, [](const int* fd) { close(*fd); });
  SpawnOptions spawn;
  spawn.words = options.command;
  spawn.environment = options.environment;
  spawn.descriptors = {{log, STDOUT_FILENO},
                       {log, STDERR_FILENO},
                       {to_child.reading(), kFrameReadFd},
                       {from_child.writing(), kFrameWriteFd}};
  spawn.oom_score = options.oom_score_adj;
  pid_ = Spawn(spawn);
  read_fd_ = from_child.TakeReading();
  write_fd_ = to_child.TakeWriting();
  fcntl(read_fd_, F_SETFL, O_NONBLOCK);
}

ChildProcess::~ChildProcess() {
  Kill();
  close(read_fd_);
  CloseWrite();
}

std::optional<std::string> ChildProcess::Ended() {
  if (ended_) return ended_;
  int status = 0;
  const pid_t result = waitpid(pid_, &status, WNOHANG);
  if (result == 0 || (result < 0 && errno == EINTR)) return std::nullopt;
  kill(-pid_, SIGKILL);  // its own children, if any are left in the group
  if (result < 0) {
    ended_ = "lost";
  } else if (WIFEXITED(status)) {
    ended_ = fmt::format("exit {}", WEXITSTATUS(status));
  } else {
    ended_ = fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  }
  return ended_;
}

void ChildProcess::Kill() {
  if (Ended()) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = fmt::format("signal {} ({})", SIGKILL, strsignal(SIGKILL));
}

void ChildProcess::CloseWrite() {
  if (write_fd_ >= 0) close(write_fd_);
  write_fd_ = -1;
}

std::string TailOfFile(const std::filesystem::path& path, int lines) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  file.seekg(0, std::ios::end);
  const auto size = static_cast<std::streamoff>(file.tellg());
  if (size <= 0) return {};
  const std::streamoff start = std::max<std::streamoff>(0, size - (std::streamoff{64} << 10));
  file.seekg(start);
  std::string text(static_cast<size_t>(size - start), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  size_t at = text.size();
  for (int i = 0; i < lines && at != std::string::npos && at > 0; ++i)
    at = text.rfind('\n', at - 1);
  return Redact(at == std::string::npos || at == 0 ? text : text.substr(at + 1));
}

}  // namespace zerosweep
