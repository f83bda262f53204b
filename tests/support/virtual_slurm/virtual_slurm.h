// A Slurm cluster of two nodes on this machine (start, stop), for the life of the object.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/process/run_program.h"
#include "tests/support/command_line.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

class VirtualSlurm {
 public:
  VirtualSlurm() {
    const ProgramResult result =
        RunProgram({Script("start"), folder_.path(), std::to_string(Port())}, environment_, 60);
    // Daemons keep the streams open; the exit code is the script's.
    if (result.code == 77) {
      problem_ = result.out.substr(0, result.out.find('\n'));
    } else if (result.code != 0) {
      ADD_FAILURE() << "the virtual cluster does not start: " << result.out << result.err;
      problem_ = "see above";
    }
    environment_["SLURM_CONF"] = config();
  }
  ~VirtualSlurm() { RunProgram({Script("stop"), folder_.path()}, environment_, 60); }
  VirtualSlurm(const VirtualSlurm&) = delete;
  VirtualSlurm& operator=(const VirtualSlurm&) = delete;

  // Why there is no cluster; "" when there is one.
  const std::string& problem() const { return problem_; }
  std::string config() const { return folder_ / "slurm.conf"; }

  // The output of a Slurm program.
  std::string Ask(const std::vector<std::string>& words) const {
    return RunProgram(words, environment_, 20).out;
  }
  std::string StateOf(const std::string& job) const {
    const std::string state = Ask({"squeue", "-h", "-t", "all", "-j", job, "-o", "%T"});
    return state.substr(0, state.find('\n'));
  }
  bool WaitForState(const std::string& job, const std::string& state, double patience) const {
    return WaitUntil(
        [&] {
          SystemClock().Sleep(0.2);
          return StateOf(job) == state;
        },
        patience);
  }
  // Starts a requeued job at once. Slurm makes it wait for two minutes, so that every node has
  // cleaned up its first start.
  void StartNow(const std::string& job) const {
    SystemClock().Sleep(2);
    Ask({"scontrol", "update", "jobid=" + job, "StartTime=now"});
  }

 private:
  // The first of three ports; another checkout may be testing at the same time.
  static int Port() { return 20000 + 3 * (getpid() % 4000); }

  static std::string Script(const std::string& name) {
    return SourceFolder() / "tests" / "support" / "virtual_slurm" / name;
  }

  TempFolder folder_;
  std::map<std::string, std::string> environment_ = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                                                     {"HOME", folder_.path()}};
  std::string problem_;
};

}  // namespace zerosweep
