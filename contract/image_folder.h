// Images in files of their own. In one folder per class, as ImageNet lies on disk: <root>/<split
// folder>/<class folder>/<file>; or in a list (contract/image_list.h). Both programs list them with
// this code: one names stages by the files, the other reads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file_state.h"
#include "contract/declaration.h"

namespace zerosweep {

struct ImageFolder {
  struct File {
    std::string name;        // "n01440764/x.JPEG", relative to the root
    int64_t label = 0;       // index of its class; kNoLabel: unknown
    uint64_t bytes = 0;      // size
    int64_t written_ns = 0;  // modification time, since 1970
    int64_t changed_ns = 0;  // change time, which programs cannot set
    uint64_t inode = 0;
  };
  static constexpr int64_t kNoLabel = -1;
  std::filesystem::path root;
  // Names of the class folders, sorted by bytes. The label of a class is its index, as in
  // torchvision's ImageFolder.
  std::vector<std::string> classes;
  // Round by round: the first file by name of every class, then the second, …, so that the first n
  // are as balanced as n allows. In the order of a list.
  std::vector<File> files;
  // Files that look like images but are not read. They are counted by ending (".gif"), as "hidden"
  // when their names start with a point, or as "next to the class folders". Then the first of them.
  std::map<std::string, size_t> passed_over;
  std::string first_passed_over;

  // Images without class folders: `classes` is empty, and labels are numbers of a list.
  bool is_listed = false;
  std::vector<std::pair<size_t, int64_t>> also_right = {};  // place in `files`, another right class
  int64_t highest_class = kNoLabel;   // in the list; kNoLabel: it has no classes
  std::string highest_class_at = {};  // "labels.csv:7"

  bool is_labelled() const { return !is_listed || highest_class != kNoLabel; }
};

// Lists the images of the class folders and of the folders within them, as torchvision's
// ImageFolder does: by ending (in any case) .jpg, .jpeg, .png, .bmp, .pgm, .ppm, .tif, .tiff and
// .webp. Links are followed. Within a class the order is by folder, then by name, both sorted by
// bytes. Unlike in torchvision, names that start with a point are skipped. Throws kUsage for a root
// that is missing or without class folders, a class folder without images, a link that leads back
// to a folder above it, a name that is not UTF-8, and a file that cannot be read.
ImageFolder ListImageFolder(const std::filesystem::path& root);

// Lists the images of a folder, and if `deep` of those below, in the order of the images of a class.
// They have no classes. Throws kUsage as ListImageFolder does, also when there is no image.
ImageFolder ListUnlabelled(const std::filesystem::path& root, bool deep);

// Whether the folder holds images itself.
bool HoldsImages(const std::filesystem::path& folder);

// The file of an image. Throws kUsage for one that is missing or is no file.
ImageFolder::File ImageFile(const std::filesystem::path& root, const std::string& name,
                            int64_t label);

// One line about skipped files; empty when there are none.
std::string PassedOverWarning(const ImageFolder& folder);

// The folder of a split under `root`: the first existing one that the dataset declares.
std::optional<std::filesystem::path> SplitFolder(const std::filesystem::path& root,
                                                 const DatasetFacts& facts,
                                                 const std::string& split);

// When a dataset is not found: a message about class folders in the wrong place under `root`, with
// advice; empty when there are none. "x holds class folders itself (n01440764, …): …".
std::string MisplacedClasses(const std::filesystem::path& root, const DatasetFacts& facts);

// The images of a split. Throws kUsage as ListImageFolder does, and when the split has no folder,
// the number of classes is not the declared one, or the classes are not those of the test split.
// REQUIRES: the dataset lies in class folders.
ImageFolder ListSplit(const std::filesystem::path& root, const DatasetFacts& facts,
                      const std::string& split);

// SHA-256 (hex) of each file, in order.
using DigestFiles =
    std::function<std::vector<std::string>(const std::vector<std::filesystem::path>& files)>;

// The fingerprint of a split: SHA-256 of canonical JSON, for the test split of {name: SHA-256 of
// the file's bytes}, for other splits of {name: size}. Reading 140 GB of training images to name a
// stage that uses a thousand of them would cost more than the stage. For a list it is that of the
// array of [name, digest or size, class, other right classes …], in its order.
std::string ImageFolderFingerprint(const ImageFolder& folder, const std::string& split,
                                   const DigestFiles& digest);

// The combined state of all its files. A fingerprint of the test split may be remembered under its
// key.
FileState StateOf(const ImageFolder& folder);

// The size of the shorter side before a centre crop of `crop` pixels: crop / 0.875, rounded up.
// 224 → 256 (He et al. 2016, arXiv:1512.03385, section 3.4), 299 → 342 (torchvision's Inception).
int64_t UsualResize(int64_t crop);

}  // namespace zerosweep
