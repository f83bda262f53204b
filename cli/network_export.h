// The quantized network of a trial as files of their own (docs/formats.md).
#pragma once

#include <filesystem>
#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// Throws kUsage unless the file ends in .safetensors and its folder is there.
void RequireNetworkFile(const std::filesystem::path& file);

// Writes FILE.safetensors and FILE.json beside it, and says so. Throws kUsage when the trial (whole
// name) has no network yet, kStorage when its artifact is not whole.
void ExportNetwork(const ResultsReader& reader, const std::string& trial,
                   const std::filesystem::path& file);

}  // namespace zerosweep
