// A command under test with separate stdout, stderr and exit code.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "tests/support/program.h"

namespace zerosweep {

// The results of a command.
struct Finished {
  int code = -1;  // 128 + n when signal n ended it
  std::string out, err;
  double peak_bytes = 0;  // resident memory of the largest of its processes

  // REQUIRES: it printed JSON.
  Json json() const {
    EXPECT_TRUE(Json::accept(out)) << "printed: " << out << "\nsaid: " << err;
    return Json::parse(out, nullptr, /*allow_exceptions=*/false);
  }
};

// A running command with its output in files; killed (SIGKILL) when the test ends.
class Running {
 public:
  Running(std::vector<std::string> words, const std::map<std::string, std::string>& environment,
          const std::filesystem::path& folder)
      : folder_(folder) {
    std::filesystem::create_directories(folder_);
    std::vector<std::string> pairs;
    for (const auto& [name, value] : environment) pairs.push_back(name + "=" + value);
    std::vector<char*> argv, envp;
    for (std::string& word : words) argv.push_back(word.data());
    for (std::string& pair : pairs) envp.push_back(pair.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const std::string out = folder_ / "out", err = folder_ / "err";
    pid_ = fork();
    if (pid_ != 0) return;
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  ~Running() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number) const { kill(pid_, number); }
  std::string Said() const { return Contents(folder_ / "err"); }
  std::string Printed() const { return Contents(folder_ / "out"); }
  // Fails the test, showing the command's output, when the command does not end within `patience`
  // seconds.
  Finished Wait(double patience = 100) {
    Finished finished;
    int status = 0;
    rusage usage{};
    if (!WaitUntil([&] { return wait4(pid_, &status, WNOHANG, &usage) != 0; }, patience)) {
      ADD_FAILURE() << "still running after " << patience << " s: " << Said();
      return finished;
    }
    pid_ = -1;
    finished.peak_bytes = 1024.0 * static_cast<double>(usage.ru_maxrss);
    finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    finished.out = Contents(folder_ / "out");
    finished.err = Said();
    return finished;
  }

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

}  // namespace zerosweep
