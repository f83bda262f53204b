#include "cli/stage_program.h"

#include <cstdlib>

#include "base/files.h"
#include "cluster/worker/node.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {

std::filesystem::path StageProgram() {
  const char* named = std::getenv("ZEROSWEEP_STAGE");
  return named != nullptr ? std::filesystem::path(named) : ProgramFolder() / "zerosweep-stage";
}

SupervisorOptions MakeSupervisorOptions(const Home& home) {
  SupervisorOptions options;
  options.home = home;
  options.program = StageProgram();
  options.catalogue_digest = CompiledCatalogue().digest();
  return options;
}

WorkerOptions MakeWorkerOptions(const Home& home, const std::string& device) {
  WorkerOptions options;
  options.stage = MakeSupervisorOptions(home);
  options.node = NodeName();
  options.devices = FindDevices(device, StageProgram());
  return options;
}

}  // namespace zerosweep
