// Loads the MPI transport, and only then MPI.
#pragma once

#include <filesystem>
#include <memory>

#include "cluster/transport/transport.h"

namespace zerosweep {

// Loads `zerosweep_mpi.so` from `folder` and joins the MPI world. The module stays loaded. Throws
// kCluster when it cannot be loaded.
std::unique_ptr<Transport> JoinMpi(const std::filesystem::path& folder);

// Where the module lies: ../lib beside the running program.
std::filesystem::path MpiModuleFolder();

// What is known of a launcher around this process.
struct LaunchEnvironment {
  // Started by mpirun, or by srun with PMIx, whose server still answers: variables that a shell has
  // kept from a launcher that has ended say nothing.
  bool inside = false;
  int tasks = 1;  // of that launch
  // Several tasks of one Slurm step, started without PMIx: each would be a world of its own.
  bool split_step = false;
};
LaunchEnvironment DetectLauncher();

}  // namespace zerosweep
