// The real `zerosweep` as a user calls it, in a folder with a tiny dataset, weights and sweeps.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_weights.h"

namespace zerosweep {

inline std::string BuildFolder() { return std::getenv("ZEROSWEEP_BUILD"); }
inline std::filesystem::path SourceFolder() { return std::getenv("ZEROSWEEP_SOURCE"); }

// What a command left behind.
struct Finished {
  int code = -1;  // 128 + n when signal n ended it
  std::string out, err;

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
  // Fails the test, with what the command said, when it does not end within `patience` seconds.
  Finished Wait(double patience = 100) {
    Finished finished;
    int status = 0;
    if (!WaitUntil([&] { return waitpid(pid_, &status, WNOHANG) != 0; }, patience)) {
      ADD_FAILURE() << "still running after " << patience << " s: " << Said();
      return finished;
    }
    pid_ = -1;
    finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    finished.out = Contents(folder_ / "out");
    finished.err = Said();
    return finished;
  }

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

// Everything lies in one temporary folder: data/, tiny.safetensors, home/.
class CommandLine {
 public:
  CommandLine() {
    WriteCifarBatch(folder_ / "data" / "test_batch.bin", 120, 1);
    WriteCifarBatch(folder_ / "data" / "calibration_batch.bin", 120, 2);
    Write("tiny.safetensors", TinyWeights().Bytes());
    for (const char* name : {"PATH", "TMPDIR"}) {
      if (const char* value = std::getenv(name)) environment_[name] = value;
    }
    environment_["HOME"] = folder_.path();
  }

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  std::filesystem::path home() const { return folder_ / home_; }
  void UseHome(const std::string& name) { home_ = name; }
  void SetEnvironment(const std::string& name, const std::string& value) {
    environment_[name] = value;
  }
  void Write(const std::string& name, const std::string& bytes) const {
    WriteBytes(folder_ / name, bytes);
  }

  // A sweep of the tiny network under the profile `smoke`; `rest` begins at line 5.
  static std::string Sweep(const std::string& rest, const std::string& model = kModel) {
    return "name: tiny\n"
           "data: data\n"
           "profile: smoke\n"
           "fixed: {model: " +
           model + "}\n" + rest;
  }
  // Noise and ZeroQ at these bit-widths and seeds.
  std::filesystem::path WriteSmokeSweep(const std::string& bits,
                                        const std::string& seeds = "0, 1") const {
    Write("sweep.yaml", Sweep("grid:\n  method: [noise, zeroq]\n  bits: [" + bits + "]\nseeds: [" +
                              seeds + "]\n"));
    return folder_ / "sweep.yaml";
  }

  // zerosweep --home HOME WORDS…
  std::unique_ptr<Running> Start(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {BuildFolder() + "/bin/zerosweep", "--home", home()};
    command.insert(command.end(), words.begin(), words.end());
    return StartProgram(command);
  }
  std::unique_ptr<Running> StartProgram(const std::vector<std::string>& command) const {
    return std::make_unique<Running>(command, environment_,
                                     folder_ / ("output." + std::to_string(++started_)));
  }
  Finished Do(const std::vector<std::string>& words) const { return Start(words)->Wait(); }
  Json Query(const std::string& sql) const { return Do({"--format", "json", "query", sql}).json(); }
  // The only cell of a query's only row.
  Json Value(const std::string& sql) const {
    const Json rows = Query(sql);
    EXPECT_EQ(rows.size(), 1U) << sql;
    return rows.empty() ? Json() : *rows[0].begin();
  }

  void ExpectNoOrphans(double patience = 20) const {
    EXPECT_TRUE(WaitUntil([&] { return StagesOf(home()).empty(); }, patience));
    EXPECT_TRUE(WaitUntil([&] { return RanksOf(home()).empty(); }, patience));
  }

  static constexpr const char* kModel =
      "{file: tiny.safetensors, arch: resnet20_cifar_a, dataset: cifar10, normalisation: "
      "{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}";

 private:
  TempFolder folder_;
  std::string home_ = "home";
  std::map<std::string, std::string> environment_;
  mutable int started_ = 0;
};

}  // namespace zerosweep
