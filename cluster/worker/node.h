// The resources of this machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zerosweep {

// The number of cores that this process may use: its affinity mask, or the CPU quota of its control
// groups.
int UsableCores();
// The bytes of memory that it may use: the machine's, or its control groups' limit.
double UsableMemory();
std::string NodeName();

// The devices of a node's slots. Without GPUs, slots are shares of the node's cores.
struct NodeDevices {
  std::vector<std::string> gpus;   // those that the stage program can really use: "cuda:0"
  std::vector<std::string> names;  // of the GPUs: "NVIDIA H200"
  // One line each, with advice; "" when there is nothing to report.
  std::string warning;  // why GPUs that seem to exist get no slot
  std::string error;    // why requested GPUs are not available
};

// Asks the stage program where device files or CUDA_VISIBLE_DEVICES suggest GPUs; elsewhere it
// costs nothing. `device`: "" uses what there is; "cpu" skips the search; with "cuda", as in a
// Slurm allocation with GPUs, having none is an error. `device_files` is the folder of the device
// files. Blocks for at most half a minute; never throws.
NodeDevices FindDevices(const std::string& device, const std::filesystem::path& stage_program,
                        const std::filesystem::path& device_files = "/dev");

}  // namespace zerosweep
