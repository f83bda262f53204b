// Damaged files of torch.export: real ones with a few values of their programs changed.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace zerosweep {

// The .pt2 files of tests/golden/pt2, sorted by name.
std::vector<std::filesystem::path> GoldenPt2Files();

// `bytes`, an archive, with one to four changes of what its JSON says: a number at a limit, another
// value of the same file, a name of another value, a piece gone or there twice; sometimes of its
// storages, or of the bytes of the file.
std::string MutatedPt2(const std::string& bytes, std::mt19937_64& random);

// Reads the file as a network and runs it. Returns whether it was accepted. A refusal must be an
// Error of kind kUsage; any other exception is rethrown.
bool Pt2ReadsOrRefuses(const std::filesystem::path& file);

}  // namespace zerosweep
