// A program of torch.export as the graph of a network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/import/draft.h"
#include "engine/import/pt2/pt2_file.h"

namespace zerosweep {

// Reads a file of torch.export.save. `input_shape`: C, H, W of the images where the file leaves
// them free; empty: as the file has them. Both forms of a program are read: as torch.export.export
// gives it, and after run_decompositions(). Throws kUsage, naming the file, for what ReadPt2File
// refuses, and for an operator that is not supported: with the node and the line of the user's
// model.
ImportedNetwork ReadPt2(const std::filesystem::path& path,
                        const std::vector<int64_t>& input_shape = {});

// The same for a program; `origin` names the file in errors.
ImportedNetwork LowerPt2(const Pt2Program& program, const std::string& origin,
                         const std::vector<int64_t>& input_shape = {});

}  // namespace zerosweep
