// Damaged ONNX files: real ones with a few of their fields changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace zerosweep {

// The .onnx files of tests/golden/onnx, sorted by name.
std::vector<std::filesystem::path> GoldenOnnx();

// `bytes` with one to four changes. Most change, remove or repeat one field and make the lengths of
// the messages around it right again; the others change bytes anywhere.
std::string MutatedOnnx(const std::string& bytes, std::mt19937_64& random);

// Reads the file as a network. Returns whether it was accepted. A refusal must be an Error of kind
// kUsage; any other exception is rethrown.
bool ReadsOrRefusesOnnx(const std::filesystem::path& file);

}  // namespace zerosweep
