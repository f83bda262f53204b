// Options of the commands that take the file of a network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.h"

namespace zerosweep {

// Adds --input-shape.
void AddInputShape(CLI::App& app, std::string& shape);
// Adds --mean and --std.
void AddNormalisation(CLI::App& app, std::vector<double>& mean, std::vector<double>& std);
// C, H, W of "3x224x224"; empty for "". Throws kUsage.
std::vector<int64_t> ShapeOf(const std::string& shape);

// Throws kUsage, saying what to do, unless the name is that of a network's file.
void RequireNetwork(const std::filesystem::path& file);

}  // namespace zerosweep
