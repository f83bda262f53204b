// What this machine has to give.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

// Cores this process may use: its affinity mask, or the CPU quota of its control groups.
int UsableCores();
// Bytes of memory it may use: the machine's, or its control groups' limit.
double UsableMemory();
std::string NodeName();

// What the slots of a node compute on. Where there are no GPUs they are shares of its cores.
struct NodeDevices {
  std::vector<std::string> gpus;   // "cuda:0": those that the stage program can really use
  std::vector<std::string> names;  // of the GPUs, "NVIDIA H200"
  // One line each, with what to do about it; "" when there is nothing to say.
  std::string warning;  // why GPUs that seem to be there get no slot
  std::string error;    // why GPUs that were asked for cannot be had
};

// Asks the stage program where device files or CUDA_VISIBLE_DEVICES suggest that there are GPUs:
// everywhere else it costs nothing. `device`: "" uses what there is; "cpu" asks nobody; "cuda", as
// an allocation of Slurm with GPUs, makes it an error that there is none. `device_files`: the
// folder that holds them. Blocks for at most half a minute; never throws.
NodeDevices FindDevices(const std::string& device, const std::filesystem::path& stage_program,
                        const std::filesystem::path& device_files = "/dev");

}  // namespace zerosweep
