// Finds the images of a dataset and identifies them by content. Both programs use this code: one
// names stages by the files, the other reads them.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "contract/declaration.h"
#include "contract/image_folder.h"

namespace zerosweep {

// The folder itself, then the sub-folders in which the dataset may also lie.
std::vector<std::filesystem::path> FoldersUnder(const std::filesystem::path& root,
                                                const DatasetFacts& facts);

// The splits ("train", "test", "calibration") whose files, class folders or list the folder holds.
std::set<std::string> SplitsIn(const std::filesystem::path& folder, const DatasetFacts& facts);

// Whether `splits` (SplitsIn) holds the split or its declared fallback.
bool HasSplit(const std::set<std::string>& splits, const std::string& split,
              const DatasetFacts& facts);

struct SplitFiles {
  std::vector<std::filesystem::path> files;  // in reading order; empty if no folder has them all
  std::filesystem::path missing;             // the first that was not found
};

// The files of a split in the first folder that has them all; if none has, those of the split's
// declared fallback. Throws kUsage for an unknown split. REQUIRES: the images of the
// dataset are not files of their own.
SplitFiles FindSplit(const std::vector<std::filesystem::path>& folders, const std::string& split,
                     const Declaration& dataset);

// The images of a split of a dataset whose images are files of their own: ListSplit or ListImages,
// and throws kUsage as they do.
ImageFolder ListImageFiles(const std::filesystem::path& root, const DatasetFacts& facts,
                           const std::string& split);

// The fingerprint of a split in files: SHA-256 of the canonical JSON {file name: SHA-256 of its
// bytes}.
std::string FilesFingerprint(
    const std::vector<std::filesystem::path>& files,
    const std::function<std::string(const std::filesystem::path&)>& sha256_of);

// "install Debian's x, or give its folder with data: or $ZEROSWEEP_DATA".
std::string HowToGet(const DatasetFacts& facts);

}  // namespace zerosweep
