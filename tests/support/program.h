// Programs under test as processes, and the processes that belong to a home.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"

namespace zerosweep {

// A child process with its output in a file; killed (SIGKILL) when the test ends.
class Program {
 public:
  Program(std::vector<std::string> words, const std::filesystem::path& output) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Program() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number) { kill(pid_, number); }
  // Returns its exit code, 128 + n when signal n ended it, or -1 after `patience` seconds.
  int Wait(double patience = 60) {
    const double start = SystemClock().Monotonic();
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (SystemClock().Monotonic() - start > patience) return -1;
      SystemClock().Sleep(0.01);
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

inline bool WaitUntil(const std::function<bool()>& holds, double patience) {
  const double start = SystemClock().Monotonic();
  while (!holds()) {
    if (SystemClock().Monotonic() - start > patience) return false;
    SystemClock().Sleep(0.01);
  }
  return true;
}

inline std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline bool IsZombie(const std::filesystem::path& process) {
  const std::string stat = Contents(process / "stat");
  const size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || stat.compare(name_end + 2, 1, "Z") == 0;
}

// Living processes for which `matches` holds; the argument is their /proc folder.
inline std::vector<pid_t> Processes(
    const std::function<bool(const std::filesystem::path&)>& matches) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!IsZombie(entry.path()) && matches(entry.path())) found.push_back(std::stoi(name));
  }
  return found;
}

// Stage processes whose output goes into this home.
inline std::vector<pid_t> StagesOf(const std::filesystem::path& home) {
  return Processes([&](const std::filesystem::path& process) {
    std::error_code code;
    const auto output = std::filesystem::read_symlink(process / "fd" / "1", code);
    return !code && output.string().starts_with((home / "logs" / "slots").string());
  });
}

// MPI ranks that were started with this home as an argument, by rank.
inline std::map<int, pid_t> RanksOf(const std::filesystem::path& home) {
  std::map<int, pid_t> ranks;
  Processes([&](const std::filesystem::path& process) {
    if (Contents(process / "cmdline").find(home.string() + '\0') == std::string::npos) return false;
    const std::string environment = Contents(process / "environ");
    const std::string key = "OMPI_COMM_WORLD_RANK=";
    const size_t at = environment.find(key);
    if (at == std::string::npos) return false;
    ranks[std::stoi(environment.substr(at + key.size()))] = std::stoi(process.filename().string());
    return true;
  });
  return ranks;
}

}  // namespace zerosweep
