// The limits that control groups (of a container or a Slurm job) set for this process.
#pragma once

#include <filesystem>
#include <limits>

namespace zerosweep {

struct ControlGroupLimits {
  double cores = std::numeric_limits<double>::infinity();   // CPU quota; may be a fraction
  double memory = std::numeric_limits<double>::infinity();  // bytes
};

// The smallest limits among all groups from the process's own up to the root mounted here, for
// versions 1 and 2. `root` is the file system that holds proc/ and the mounts. Never throws: an
// unreadable group sets no limit.
ControlGroupLimits ReadControlGroups(const std::filesystem::path& root = "/");

}  // namespace zerosweep
