// The quantized network of a trial as files of their own (docs/formats.md).
#pragma once

#include <filesystem>
#include <string>

#include "storage/results/results.h"

namespace zerosweep {

// Throws kUsage unless the file ends in .safetensors and its folder exists.
void RequireNetworkFile(const std::filesystem::path& file);

// Writes FILE.safetensors and its card FILE.json, and logs that. `trial` is a whole id. Throws
// kUsage when the trial has no network yet, kStorage when its artifact is damaged.
void ExportNetwork(const ResultsReader& reader, const std::string& trial,
                   const std::filesystem::path& file);

}  // namespace zerosweep
