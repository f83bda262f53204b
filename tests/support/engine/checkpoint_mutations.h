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

// A zip archive of stored entries with correct checksums.
std::string StoredZip(const std::vector<std::pair<std::string, std::string>>& entries);

// `bytes` with one to eight changes: a byte, a bit, a number at the limit of its type, a piece
// removed, duplicated or moved, an end cut off. In an archive most changes are inside the pickle,
// and the archive around it is made valid again; otherwise they would only test the checksum.
std::string Mutated(const std::string& bytes, std::mt19937_64& random);

// Reads the file as weights and looks for a tiny network in it. Returns whether it was accepted. A
// refusal must be an Error of kind kUsage; any other exception is rethrown.
bool ReadsOrRefuses(const std::filesystem::path& file);

}  // namespace zerosweep
