// Loads the MPI transport; without this call MPI is not loaded.
#pragma once

#include <filesystem>
#include <memory>

#include "cluster/transport/transport.h"

namespace zerosweep {

// Loads `zerosweep_mpi.so` from `folder` and joins the MPI world. The module stays loaded. Throws
// kCluster when it cannot be loaded.
std::unique_ptr<Transport> JoinMpi(const std::filesystem::path& folder);

// The module's folder: ../lib relative to that of the running program.
std::filesystem::path MpiModuleFolder();

// The launcher around this process, as far as it can be detected.
struct LaunchEnvironment {
  // Started by mpirun, or by srun with PMIx, whose server still answers: a shell may keep the
  // variables of a launcher that has ended.
  bool inside = false;
  int tasks = 1;  // started by that launcher
  // One of several tasks of a Slurm step that was started without PMIx: each would be a world of
  // its own.
  bool split_step = false;
};
LaunchEnvironment DetectLauncher();

}  // namespace zerosweep
