#include "base/process/spawn.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/process/pipe.h"

extern char** environ;

namespace zerosweep {
namespace {

constexpr int kAside = 64;  // above every descriptor that a child is given

// Everything that the child needs, made before the fork.
struct Prepared {
  char** argv;
  char** envp;
  std::string oom_score;
  int status;  // receives an error of exec
  pid_t parent;
  std::vector<std::pair<int, int>> descriptors;
};

// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void RunChild(const SpawnOptions& options, Prepared& prepared) {
  if (options.own_group) setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, options.death_signal);
  if (getppid() != prepared.parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE}) signal(number, SIG_DFL);
  if (signal(SIGHUP, SIG_DFL) == SIG_IGN) signal(SIGHUP, SIG_IGN);
  const int oom =
      prepared.oom_score.empty() ? -1 : open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (oom >= 0) {
    [[maybe_unused]] const ssize_t n =
        write(oom, prepared.oom_score.data(), prepared.oom_score.size());
  }
  // First move all descriptors away from the target numbers.
  const int status = fcntl(prepared.status, F_DUPFD_CLOEXEC, kAside);
  for (auto& [own, target] : prepared.descriptors) own = fcntl(own, F_DUPFD_CLOEXEC, kAside);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, STDIN_FILENO);
  if (null > STDERR_FILENO) close(null);
  for (const auto& [own, target] : prepared.descriptors) dup2(own, target);
  execvpe(prepared.argv[0], prepared.argv, prepared.envp);
  const int error = errno;
  [[maybe_unused]] const ssize_t n = write(status, &error, sizeof error);
  _exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::map<std::string, std::string> OwnEnvironment() {
  std::map<std::string, std::string> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

std::string OwnVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

pid_t Spawn(const SpawnOptions& options) {
  std::vector<std::string> words = options.words, pairs;
  const std::map<std::string, std::string> environment =
      options.environment ? *options.environment : OwnEnvironment();
  for (const auto& [name, value] : environment) pairs.push_back(name + "=" + value);
  std::vector<char*> argv = Pointers(words), envp = Pointers(pairs);
  Pipe status;
  Prepared prepared{
      argv.data(),      envp.data(), options.oom_score ? std::to_string(*options.oom_score) : "",
      status.writing(), getpid(),    options.descriptors};
  const pid_t child = fork();
  int error = child < 0 ? errno : 0;
  if (child == 0) RunChild(options, prepared);
  status.CloseWriting();
  if (child > 0) {
    if (options.own_group) setpgid(child, child);
    while (read(status.reading(), &error, sizeof error) < 0 && errno == EINTR) {
    }
  }
  if (error == 0) return child;
  if (child > 0) waitpid(child, nullptr, 0);
  Fail(ErrorKind::kCluster, "cannot start {}: {}", options.words.front(), std::strerror(error));
}

}  // namespace zerosweep
