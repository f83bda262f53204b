// Fake programs of Slurm, each a few lines of shell, with a record of their calls.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

// Five programs that fail with "unexpected call" until Set gives them a body.
class FakeSlurm {
 public:
  FakeSlurm() {
    std::filesystem::create_directory(bin());
    for (const char* name : {"sbatch", "squeue", "scontrol", "sacct", "scancel"})
      Set(name, "echo 'unexpected call' >&2; exit 9");
  }

  std::string bin() const { return folder_ / "bin"; }
  // A PATH that begins with the programs.
  std::string path() const { return bin() + ":/usr/bin:/bin"; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  // `body`: lines of sh. $FAKE is the folder.
  void Set(const std::string& name, const std::string& body) const {
    const std::filesystem::path program = bin() + "/" + name;
    std::filesystem::remove(program);
    std::ofstream(program) << "#!/bin/sh\nFAKE='" << folder_.path().string() << "'\n{ printf '%s' "
                           << name
                           << "; for word; do printf '\\037%s' \"$word\"; done; printf '\\036'; } "
                              ">> \"$FAKE/calls\"\n"
                           << body << "\n";
    chmod(program.c_str(), 0700);
  }
  // The arguments of every call of the program so far.
  std::vector<std::vector<std::string>> Calls(const std::string& name) const {
    std::vector<std::vector<std::string>> calls;
    const std::string text = Contents(folder_ / "calls");
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\036', at);
      std::vector<std::string> words = {""};
      for (const char c : text.substr(at, end - at)) {
        if (c == '\037') {
          words.emplace_back();
        } else {
          words.back() += c;
        }
      }
      if (words[0] == name) calls.push_back(words);
      at = end + 1;
    }
    return calls;
  }

 private:
  TempFolder folder_;
};

// Sets an environment variable of this process for the life of the object.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    const char* before = std::getenv(name);
    if (before != nullptr) before_ = before;
    had_ = before != nullptr;
    setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { had_ ? setenv(name_, before_.c_str(), 1) : unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::string before_;
  bool had_ = false;
};

}  // namespace zerosweep
