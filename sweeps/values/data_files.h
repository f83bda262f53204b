// Finds datasets and weight files, and identifies them by content.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "contract/image_folder.h"
#include "sweeps/grammar/yaml_tree.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/digest_cache.h"

namespace zerosweep {

// The data folders of a sweep, best first: $ZEROSWEEP_DATA, then its `data:`. Absolute.
using DataRoots = std::vector<std::filesystem::path>;

// Where a dataset lies on this machine.
struct DatasetPlace {
  std::filesystem::path folder;
  std::set<std::string> splits;  // those whose files or folder exist: "train", "test",
                                 // "calibration"
};

// Looks for the test files of a dataset (declared in the catalogue), or for the folder of its test
// split: in each root, then in the root's alternative sub-folders, then in the default folder.
std::optional<DatasetPlace> LocateDataset(const Declaration& dataset, const DataRoots& roots);

struct DatasetFiles : DatasetPlace {
  std::string name;
  std::string test_fingerprint;
  int64_t classes = 0;                       // declared, or the number of class folders; 0: the
                                             // model's
  std::string warning;                       // PassedOverWarning of the test images
  std::string calibration_fingerprint = {};  // empty until requested
  // Of a list: whether it has classes, and the highest with its place ("labels.csv:7").
  bool labelled = true;
  int64_t highest_class = ImageFolder::kNoLabel;
  std::string highest_class_at = {};
};

// Fingerprint of a split: FilesFingerprint, or ImageFolderFingerprint for images in files of their
// own (throws kUsage as ListImageFiles does). Where the split's own files are absent, uses the split
// that is declared as its fallback. A stage's name depends on the splits that it reads and on no
// other file. `warning`, if given, receives PassedOverWarning. REQUIRES: one of the two is in
// `place.splits`. `classes`, if not 0: throws kUsage for a list with a class beyond them.
std::string SplitFingerprint(const Declaration& dataset, const DatasetPlace& place,
                             const std::string& split, DigestCache& digests,
                             std::string* warning = nullptr, int64_t classes = 0);

// Locates the dataset and digests its test split. `calibration_too`: the calibration split will be
// requested next, so its files may be read meanwhile. Throws kUsage, starting with `where`; the
// message says what is missing or wrong, where it was looked for and what to do.
DatasetFiles FindDataset(const Declaration& dataset, const DataRoots& roots,
                         const std::string& where, DigestCache& digests,
                         bool calibration_too = false);

// Finds a file that a sweep names: absolute, in a root, or in `sweep_folder`. `label` names it
// ("model file"). Throws kUsage with every place tried.
std::filesystem::path FindFile(const YamlNode& node, const std::string& label,
                               const DataRoots& roots, const std::filesystem::path& sweep_folder);

}  // namespace zerosweep
