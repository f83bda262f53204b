// Images that a list (CSV) names with their classes, or that lie in a folder without any.
//
//   <data>/labels.csv          the test images: file, class, also_right; only `file` is required
//   <data>/images/             they are named from here, or from <data> if there is no such folder
//   <data>/calibration.csv     the calibration images, in the same form
//   <data>/calibration/        they are named from here, or as the test images are
//
// Without labels.csv the test images are those in images/ and below, or those directly in <data>;
// without calibration.csv the calibration images are those in calibration/ and below. They have no
// classes then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

#include "contract/image_folder.h"

namespace zerosweep {

// The splits whose list or folder exists.
std::set<std::string> ListedSplits(const std::filesystem::path& data, const DatasetFacts& facts);

// The images of a split, in the order of its list or folder. Throws kUsage, in one line with the
// place in the list: for a list that is too large, damaged or has other columns; a file that is
// missing, outside the folder or named twice; a class that is no number, or is missing in some
// rows; calibration images that are also test images.
ImageFolder ListImages(const std::filesystem::path& data, const DatasetFacts& facts,
                       const std::string& split);

// Reads a list, whose images are named from `root`.
ImageFolder ReadImageList(const std::filesystem::path& list, const std::filesystem::path& root);

// Throws kUsage, naming `place`, when the highest class is beyond the classes 0 … classes − 1.
void RequireClassWithin(int64_t highest, const std::string& place, int64_t classes);

}  // namespace zerosweep
