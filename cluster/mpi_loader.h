// Loads the MPI transport, and only then MPI.
#pragma once

#include <filesystem>
#include <memory>

#include "cluster/transport.h"

namespace zerosweep {

// Loads `zerosweep_mpi.so` from `folder` and joins the MPI world. The module stays loaded. Throws
// kCluster when it cannot be loaded.
std::unique_ptr<Transport> JoinMpi(const std::filesystem::path& folder);

// Where the module lies: ../lib beside the running program.
std::filesystem::path MpiModuleFolder();

// What the environment says of a launcher around this process.
struct LaunchEnvironment {
  bool inside = false;  // started by mpirun, or by srun with PMIx
  // Several tasks of one Slurm step, started without PMIx: each would be a world of its own.
  bool split_step = false;
};
LaunchEnvironment DetectLauncher();

}  // namespace zerosweep
