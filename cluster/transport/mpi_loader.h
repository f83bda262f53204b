// Loads the MPI transport; without this call MPI is not loaded.
#pragma once

#include <filesystem>
#include <memory>

#include "cluster/transport/transport.h"

namespace zerosweep {

// Loads `zerosweep_mpi.so` from `folder`; it stays loaded. Returns its handle for dlsym. Throws
// kCluster, with the loader's words, when it or a library that it needs cannot be loaded.
void* LoadMpiModule(const std::filesystem::path& folder);

// Loads the module and joins the MPI world. Throws as LoadMpiModule does.
std::unique_ptr<Transport> JoinMpi(const std::filesystem::path& folder);

// The module's folder: ../lib/zerosweep relative to that of the running program.
std::filesystem::path MpiModuleFolder();

// The mpirun of the Open MPI that the module uses: the one that a link in the module's folder names
// (build folder, `make install`), otherwise that of the Python environment around the wheel.
std::filesystem::path Mpirun();

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
