// Files that hold a whole network: ONNX, and torch.export's .pt2.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/import/draft.h"

namespace zerosweep {

// Reads a network; its content decides the format. `image_shape` (C, H, W; empty: as the file says)
// is for files that leave it open. Nothing in the file is executed. Throws kUsage, in one line and
// naming the file, when it is absent, damaged, of another format (with what to do for TorchScript),
// has an operator that is not supported, or takes images of another shape.
ImportedNetwork ReadNetworkFile(const std::filesystem::path& file,
                                const std::vector<int64_t>& image_shape = {});

}  // namespace zerosweep
