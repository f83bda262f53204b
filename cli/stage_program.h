// Where the stage program is, and how a worker of this command line is set up.
#pragma once

#include <filesystem>
#include <string>

#include "cluster/worker/worker.h"
#include "storage/home/home.h"

namespace zerosweep {

// $ZEROSWEEP_STAGE, else zerosweep-stage beside this program.
std::filesystem::path StageProgram();

// `home` is where the logs go.
SupervisorOptions MakeSupervisorOptions(const Home& home);
// `device`: as FindDevices, which it asks.
WorkerOptions MakeWorkerOptions(const Home& home, const std::string& device);

}  // namespace zerosweep
