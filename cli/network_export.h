// The quantized network of a trial as files of their own (docs/formats.md).
#pragma once

#include <filesystem>
#include <string>

#include "cli/command.h"
#include "storage/results/results.h"

namespace zerosweep {

// Whether a network is to be written as ONNX, by the file's ending.
bool IsOnnxOutput(const std::filesystem::path& file);

// Throws kUsage unless the file ends in .safetensors or .onnx and its folder exists.
void RequireNetworkFile(const std::filesystem::path& file);

// Writes FILE.onnx, or FILE.safetensors and its card FILE.json, and says so. Returns what the stage
// program says (docs/stage_protocol.md, `--export`). `trial` is a whole id; `form`, of tensors: paper
// or exported.
// Throws kUsage when the trial has no network yet or the network has no such form, kStorage when
// its artifact is damaged.
Json ExportNetwork(const ResultsReader& reader, const std::string& trial,
                   const std::filesystem::path& file, const std::string& form,
                   const Globals& globals);

}  // namespace zerosweep
