// Images in one folder a class, as ImageNet lies on disk: <root>/<split folder>/<class
// folder>/<file>. Both programs list them by this code: one names stages by what lies there, the
// other reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_state.h"
#include "contract/declaration.h"

namespace zerosweep {

struct ImageFolder {
  struct File {
    std::string name;        // "n01440764/x.JPEG", relative to the root
    int64_t label = 0;       // index of its class
    uint64_t bytes = 0;      // size
    int64_t written_ns = 0;  // time of the last writing, since 1970
    int64_t changed_ns = 0;  // time of the last change of any kind, which nobody can set
    uint64_t inode = 0;
  };
  std::filesystem::path root;
  std::vector<std::string> classes;  // names of the class folders, sorted by bytes: the label is
                                     // the place, as in torchvision's ImageFolder
  std::vector<File> files;           // round by round: the first file by name of every class, then
                            // the second … so that the first n are as balanced as n allows
  // Files that look like images and are not read, counted by their ending (".gif"; "hidden" of
  // those whose names start with a point; "beside the class folders"), and the first of them.
  std::map<std::string, size_t> passed_over;
  std::string first_passed_over;
};

// Lists the images of the class folders and of the folders within them, as torchvision's
// ImageFolder does: by ending (in any case) .jpg, .jpeg, .png, .bmp, .pgm, .ppm, .tif, .tiff and
// .webp; links are followed; within a class by folder, then by name, both sorted by bytes. Other
// than there, names that start with a point are passed over. Throws kUsage for a root that is
// absent or without class folders, a class folder without images, a link that leads back to a
// folder above it, a name that is not UTF-8, and a file that cannot be read.
ImageFolder ListImageFolder(const std::filesystem::path& root);

// One line about what was passed over; empty when nothing was.
std::string PassedOverWarning(const ImageFolder& folder);

// The folder of a split under `root`: the first that exists of those that the dataset declares.
std::optional<std::filesystem::path> SplitFolder(const std::filesystem::path& root,
                                                 const DatasetFacts& facts,
                                                 const std::string& split);

// What is wrong with the places of class folders where a dataset is looked for and not found, and
// what to do; empty when there are none. "x holds class folders itself (n01440764, …): …".
std::string MisplacedClasses(const std::filesystem::path& root, const DatasetFacts& facts);

// The images of a split. Throws kUsage as ListImageFolder does, when the split has no folder, when
// the number of classes is not the declared one, and when the classes
// are not those of the test split.
ImageFolder ListSplit(const std::filesystem::path& root, const DatasetFacts& facts,
                      const std::string& split);

// SHA-256 (hex) of each file, in order.
using DigestFiles =
    std::function<std::vector<std::string>(const std::vector<std::filesystem::path>& files)>;

// What a split holds: SHA-256 of canonical JSON. Of the test split {name: SHA-256 of the file's
// bytes}; of the others {name: size}, since reading 140 GB of training images to name a stage that
// takes a thousand of them would cost more than the stage.
std::string ImageFolderFingerprint(const ImageFolder& folder, const std::string& split,
                                   const DigestFiles& digest);

// The state of all its files as that of one: under its key a fingerprint of the test split may be
// remembered.
FileState StateOf(const ImageFolder& folder);

// The size of the shorter side before a centre crop of `crop` pixels: crop / 0.875, rounded up.
// 224 → 256 (He et al. 2016, arXiv:1512.03385, section 3.4), 299 → 342 (torchvision's Inception).
int64_t UsualResize(int64_t crop);

}  // namespace zerosweep
