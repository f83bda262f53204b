// Where the images of a dataset lie and what they are by content. Both programs find them by this
// code: one names stages by what lies there, the other reads it.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "contract/declaration.h"

namespace zerosweep {

// The folder itself, then the sub-folders in which the dataset may lie as well.
std::vector<std::filesystem::path> FoldersUnder(const std::filesystem::path& root,
                                                const DatasetFacts& facts);

// The splits ("train", "test", "calibration") whose files, or class folders, the folder holds.
std::set<std::string> SplitsIn(const std::filesystem::path& folder, const DatasetFacts& facts);

// Whether the split is among those there (SplitsIn), or the one declared as its fallback.
bool HasSplit(const std::set<std::string>& splits, const std::string& split,
              const DatasetFacts& facts);

struct SplitFiles {
  std::vector<std::filesystem::path> files;  // in reading order; empty: no folder has them all
  std::filesystem::path missing;             // the first that was looked for in vain
};

// The files of a split in the first folder that has them all; where none has, those of the split
// declared as its fallback. Throws kUsage for an unknown split. REQUIRES: the dataset does not lie
// in class folders.
SplitFiles FindSplit(const std::vector<std::filesystem::path>& folders, const std::string& split,
                     const Declaration& dataset);

// SHA-256 of the canonical JSON {file name: SHA-256 of its bytes}: what a split in files holds.
std::string FilesFingerprint(
    const std::vector<std::filesystem::path>& files,
    const std::function<std::string(const std::filesystem::path&)>& sha256_of);

// "install Debian's x, or give its folder with data: or $ZEROSWEEP_DATA".
std::string HowToGet(const DatasetFacts& facts);

}  // namespace zerosweep
