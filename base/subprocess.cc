#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/frames.h"
#include "base/text.h"

extern char** environ;

namespace zerosweep {
namespace {

// Makes a pipe whose ends lie above the frame descriptors, so that dup2 in the child cannot clobber
// one of them.
void MakePipe(int (&ends)[2]) {
  int raw[2];
  if (pipe2(raw, O_CLOEXEC) != 0) Fail(ErrorKind::kCluster, "pipe: {}", std::strerror(errno));
  for (int i = 0; i < 2; ++i) {
    ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 10);
    close(raw[i]);
  }
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

struct Wiring {
  int read_end;   // the child's fd 3
  int write_end;  // the child's fd 4
  int log;
  int status;  // exec errors go here
  pid_t parent;
};

// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void RunChild(const Wiring& wiring, char** argv, char** envp, const char* oom_text,
                           size_t oom_size) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != wiring.parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP, SIGPIPE})
    signal(number, SIG_DFL);
  const int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (oom >= 0) {
    [[maybe_unused]] const ssize_t n = write(oom, oom_text, oom_size);
    close(oom);
  }
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, STDIN_FILENO);
  dup2(wiring.log, STDOUT_FILENO);
  dup2(wiring.log, STDERR_FILENO);
  dup2(wiring.read_end, kFrameReadFd);
  dup2(wiring.write_end, kFrameWriteFd);
  if (null > kFrameWriteFd) close(null);
  execve(argv[0], argv, envp);
  const int error = errno;
  [[maybe_unused]] const ssize_t n = write(wiring.status, &error, sizeof error);
  _exit(127);
}

}  // namespace

std::map<std::string, std::string> ChildEnvironment() {
  static constexpr const char* kNames[] = {"PATH",
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
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    const bool listed = std::any_of(std::begin(kNames), std::end(kNames),
                                    [&](const char* n) { return name == n; }) ||
                        std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                                    [&](const char* p) { return name.starts_with(p); });
    if (listed) kept.emplace(name, text.substr(equals + 1));
  }
  return kept;
}

ChildProcess::ChildProcess(const SpawnOptions& options) {
  int to_child[2], from_child[2], status[2];
  MakePipe(to_child);
  MakePipe(from_child);
  MakePipe(status);
  const int log = open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0)
    Fail(ErrorKind::kCluster, "cannot open the log {}: {}", options.log.string(),
         std::strerror(errno));

  std::vector<std::string> command = options.command;
  std::vector<std::string> environment;
  for (const auto& [name, value] : options.environment) environment.push_back(name + "=" + value);
  std::vector<char*> argv = Pointers(command);
  std::vector<char*> envp = Pointers(environment);
  const std::string oom_text = std::to_string(options.oom_score_adj);

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    RunChild({to_child[0], from_child[1], log, status[1], parent}, argv.data(), envp.data(),
             oom_text.data(), oom_text.size());
  }
  const int fork_error = errno;
  close(log);
  close(to_child[0]);
  close(from_child[1]);
  close(status[1]);
  read_fd_ = from_child[0];
  write_fd_ = to_child[1];
  int exec_error = pid_ < 0 ? fork_error : 0;
  if (pid_ > 0) {
    setpgid(pid_, pid_);
    while (read(status[0], &exec_error, sizeof exec_error) < 0 && errno == EINTR) {
    }
  }
  close(status[0]);
  if (exec_error != 0) {
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    close(read_fd_);
    close(write_fd_);
    Fail(ErrorKind::kCluster, "cannot start {}: {}", options.command.front(),
         std::strerror(exec_error));
  }
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
