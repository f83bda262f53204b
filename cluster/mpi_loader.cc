#include "cluster/mpi_loader.h"

#include <dlfcn.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"

namespace zerosweep {
namespace {

int NumberFrom(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace

std::filesystem::path MpiModuleFolder() { return ProgramFolder().parent_path() / "lib"; }

std::unique_ptr<Transport> JoinMpi(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "zerosweep_mpi.so";
  // Open MPI's own plug-ins look its symbols up globally.
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    Fail(ErrorKind::kCluster, "cannot load the MPI transport: {}; build it, or run without --ranks",
         dlerror());
  }
  using Factory = Transport* (*)();
  const auto make = reinterpret_cast<Factory>(dlsym(module, "zerosweep_make_mpi_transport"));
  if (make == nullptr)
    Fail(ErrorKind::kCluster, "{} is not an MPI transport; build again", path.string());
  return std::unique_ptr<Transport>(make());
}

LaunchEnvironment DetectLauncher() {
  LaunchEnvironment found;
  const bool by_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  const bool by_pmix = std::getenv("PMIX_RANK") != nullptr;
  found.inside = by_mpirun || by_pmix;
  found.split_step = !found.inside && NumberFrom("SLURM_STEP_NUM_TASKS", 1) > 1;
  return found;
}

}  // namespace zerosweep
