// What a sweep reads from outside, looked at before it is started: `zerosweep-stage --check`.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "engine/data/dataset.h"
#include "engine/graph/teacher.h"

namespace zerosweep {

// The network that the parameters of a teacher stage name, with the weights of `file`, for images
// of `shape` (C, H, W), on the CPU. Appends to `notes` what a person should know. Throws kUsage.
Teacher ReadTeacher(const Json& params, const std::filesystem::path& file,
                    const std::vector<int64_t>& shape, std::vector<std::string>& notes);

// Reads what a stage would read: {params, files} of it as in a `run` frame, and `split`. Of the
// weights everything (keys, shapes, values), of the split its list, the number of its classes, its
// first and its last image. Returns what a person should know. Throws kUsage as the stage would.
std::vector<std::string> CheckInputs(const Json& request);

}  // namespace zerosweep
