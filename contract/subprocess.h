// A child process that exchanges frames on its descriptors 3 and 4 and prints into a log file.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

struct ChildOptions {
  std::vector<std::string> command;  // program path first
  // The whole environment: from an allow-list, never inherited.
  std::map<std::string, std::string> environment;
  std::filesystem::path log;  // stdout and stderr are appended here
  int oom_score_adj = 800;    // the kernel ends stages before ranks
};

// The allow-listed part of this process's environment (PATH, HOME, locale, LD_PRELOAD, some CUDA_*,
// all of NCCL_*, TORCH_NCCL_*, GLOO_*, ZEROSWEEP_FAULT_*): never MPI's, Slurm's or secrets.
std::map<std::string, std::string> ChildEnvironment();

// One child in its own process group. It receives SIGKILL when the spawning thread ends
// (PR_SET_PDEATHSIG), so spawn it from the main thread. It inherits no descriptors of the parent
// (all are O_CLOEXEC).
class ChildProcess {
 public:
  // Throws kCluster when the program cannot be started.
  explicit ChildProcess(const ChildOptions& options);
  // Kills the group if it still runs, and waits for the child.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  int read_fd() const { return read_fd_; }    // frames from the child; non-blocking
  int write_fd() const { return write_fd_; }  // frames to the child

  // How the child ended, once it has: "exit 3", "signal 9 (Killed)". Does not block.
  std::optional<std::string> Ended();
  // Sends SIGKILL to the whole group and waits until the child is gone.
  void Kill();
  // Ends the stream to the child, which makes a well-behaved stage exit.
  void CloseWrite();

 private:
  pid_t pid_ = -1;
  int read_fd_ = -1;
  int write_fd_ = -1;
  std::optional<std::string> ended_;
};

// The last `lines` lines of a text file (of its last 64 KiB), redacted; empty when there is no
// file.
std::string TailOfFile(const std::filesystem::path& path, int lines);

}  // namespace zerosweep
