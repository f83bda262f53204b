// What the control groups of this process let it use: a container's or a Slurm job's limits.
#pragma once

#include <filesystem>
#include <limits>

namespace zerosweep {

struct ControlGroupLimits {
  double cores = std::numeric_limits<double>::infinity();   // CPU quota; may be a fraction
  double memory = std::numeric_limits<double>::infinity();  // bytes
};

// The least of every group from the process's own up to the root that is mounted here, of versions
// 1 and 2. `root`: the file system that holds proc/ and the mounts. Never throws: what cannot be
// read limits nothing.
ControlGroupLimits ReadControlGroups(const std::filesystem::path& root = "/");

}  // namespace zerosweep
