// Where datasets and weight files lie, and what they are by content.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/digest_cache.h"

namespace zerosweep {

// The folders a sweep names for data, best first: $ZEROSWEEP_DATA, its `data:`. Absolute.
using DataRoots = std::vector<std::filesystem::path>;

// Where a dataset lies on this machine.
struct DatasetPlace {
  std::filesystem::path folder;
  std::set<std::string> splits;  // those whose files, or folder, are there: "train", "test",
                                 // "calibration"
};

// Looks for the test files of a dataset (declared in the catalogue), or the folder of its test
// split, in each root, in the root's alternative sub-folders, then in the default folder.
std::optional<DatasetPlace> LocateDataset(const Declaration& dataset, const DataRoots& roots);

struct DatasetFiles : DatasetPlace {
  std::string name;
  std::string test_fingerprint;
  int64_t classes = 0;                       // declared, or the number of class folders
  std::string warning;                       // PassedOverWarning of the test images
  std::string calibration_fingerprint = {};  // empty until somebody asks for it
};

// What a split holds: FilesFingerprint; of a dataset in class folders ImageFolderFingerprint
// (throws kUsage as ListSplit does). Where the split's own files are absent, those of the split
// declared as its fallback. A stage is named by the splits that it reads and by no other file.
// `warning`, if given, becomes PassedOverWarning. REQUIRES: one of the two is in `place.splits`.
std::string SplitFingerprint(const Declaration& dataset, const DatasetPlace& place,
                             const std::string& split, DigestCache& digests,
                             std::string* warning = nullptr);

// Locates the dataset and digests its test split. `calibration_too`: the calibration split will be
// asked for next, and its files may be read meanwhile. Throws kUsage, starting with `where`: what
// is missing or wrong, where it was looked for and what to do.
DatasetFiles FindDataset(const Declaration& dataset, const DataRoots& roots,
                         const std::string& where, DigestCache& digests,
                         bool calibration_too = false);

// A file that a sweep names: absolute, or in a root, or in `sweep_folder`. `label` names it ("model
// file"). Throws kUsage with every place tried.
std::filesystem::path FindFile(const YamlNode& node, const std::string& label,
                               const DataRoots& roots, const std::filesystem::path& sweep_folder);

}  // namespace zerosweep
