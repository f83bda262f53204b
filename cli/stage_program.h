// The stage program's path, and the options of this program's workers.
#pragma once

#include <filesystem>
#include <string>

#include "cluster/worker/worker.h"
#include "storage/home/home.h"

namespace zerosweep {

// $ZEROSWEEP_STAGE if set, otherwise zerosweep-stage in this program's folder.
std::filesystem::path StageProgram();

// The logs go to `home`.
SupervisorOptions MakeSupervisorOptions(const Home& home);
// `device` is as for FindDevices, which it calls.
WorkerOptions MakeWorkerOptions(const Home& home, const std::string& device);

}  // namespace zerosweep
