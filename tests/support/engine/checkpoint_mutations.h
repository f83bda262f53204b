// Damaged checkpoints: real files with a few of their bytes changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace zerosweep {

// The files of tests/golden/checkpoints, sorted by name.
std::vector<std::filesystem::path> GoldenCheckpoints();

// A zip archive of stored entries with right checksums.
std::string StoredZip(const std::vector<std::pair<std::string, std::string>>& entries);

// `bytes` with one to eight changes: a byte, a bit, a number at the edge of its type, a piece
// removed, doubled or moved, an end cut off. Of an archive mostly inside the pickle, which then
// lies in an archive that is whole again: else the checksum alone would be tested.
std::string Mutated(const std::string& bytes, std::mt19937_64& random);

// Reads the file as weights and looks for a tiny network in it. Returns whether it was taken; a
// refusal must be an Error of kind kUsage, anything else is thrown on.
bool ReadsOrRefuses(const std::filesystem::path& file);

}  // namespace zerosweep
