// Checks of a sweep's external inputs before the sweep starts: `zerosweep-stage --check`.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "engine/data/dataset.h"
#include "engine/graph/teacher.h"

namespace zerosweep {

// Returns the network that the parameters of a teacher stage name, with the weights of `file`, for
// images of `shape` (C, H, W), on the CPU. Appends information for the user to `notes`. Throws
// kUsage.
Teacher ReadTeacher(const Json& params, const std::filesystem::path& file,
                    const std::vector<int64_t>& shape, std::vector<std::string>& notes);

// Reads the inputs that a stage would read: its {params, files} as in a `run` frame, and `split`.
// Checks the weights completely (keys, shapes, values); checks the split's list, its number of
// classes, its first and its last image. Returns information for the user. Throws kUsage as the
// stage would.
std::vector<std::string> CheckInputs(const Json& request);

}  // namespace zerosweep
