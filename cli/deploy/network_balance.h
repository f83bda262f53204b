// What quantizing a network has gained and cost: `quantize -o FILE.onnx`.
#pragma once

#include <filesystem>
#include <string>

#include "cli/deploy/network_export.h"

namespace zerosweep {

// "net.onnx: top-1 89.05 → 88.10 %, 1.1 MB → 0.3 MB, 42.1 → 2.7 GBitOps, 5.96 → 2.63 ms for 8 images
// (onnxruntime 1.32.0, one thread)": from full precision to the file. Without onnxruntime it says
// what is missing for the latency.
std::string Balance(const std::string& trial, const std::filesystem::path& file,
                    const WrittenNetwork& written, const Globals& globals);

}  // namespace zerosweep
