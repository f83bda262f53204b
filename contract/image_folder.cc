#include "contract/image_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// As torchvision's ImageFolder (IMG_EXTENSIONS).
const std::vector<std::string> kImageEndings = {".bmp", ".jpeg", ".jpg",  ".pgm", ".png",
                                                ".ppm", ".tif",  ".tiff", ".webp"};
// Other image formats: skipped, with a warning.
const std::vector<std::string> kOtherImageEndings = {
    ".apng", ".avif", ".dcm", ".dng",  ".exr", ".gif", ".hdr", ".heic",
    ".heif", ".ico",  ".j2k", ".jfif", ".jp2", ".jpe", ".jxl", ".npy",
    ".pbm",  ".pcx",  ".pnm", ".psd",  ".raw", ".svg", ".tga", ".jpeg2000"};
constexpr const char* kHidden = "hidden";
constexpr const char* kNextTo = "next to the class folders";

struct Content {
  std::vector<std::string> folders;
  std::vector<std::string> images;
  std::map<std::string, std::vector<std::string>> passed_over;  // names by category
};

std::string EndingOf(const std::string& name) {
  return LowerCase(fs::path(name).extension().string());
}

bool Contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsImageName(const std::string& name) { return Contains(kImageEndings, EndingOf(name)); }

// The sub-folders and image files of a folder, all sorted by bytes.
Content ContentOf(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  Content content;
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    const std::string name = entries->path().filename();
    const std::string ending = EndingOf(name);
    std::error_code ignored;
    const bool is_folder = entries->is_directory(ignored);
    if (name.starts_with('.')) {
      if (is_folder ? HoldsImages(entries->path()) : Contains(kImageEndings, ending)) {
        content.passed_over[kHidden].push_back(name);
      }
    } else if (is_folder) {
      content.folders.push_back(name);
    } else if (Contains(kImageEndings, ending)) {
      content.images.push_back(name);
    } else if (Contains(kOtherImageEndings, ending)) {
      content.passed_over[ending].push_back(name);
    }
  }
  if (error) {
    Fail(ErrorKind::kUsage, "cannot list the folder {}: {}", ShownBytes(folder.native()),
         error.message());
  }
  std::sort(content.folders.begin(), content.folders.end());
  std::sort(content.images.begin(), content.images.end());
  for (auto& [ending, names] : content.passed_over) std::sort(names.begin(), names.end());
  return content;
}

// The device and inode of a folder within a class, on the way down the tree.
using Step = std::pair<dev_t, ino_t>;

void PassOver(const Content& content, const std::string& inside, ImageFolder& into) {
  for (const auto& [ending, names] : content.passed_over) {
    into.passed_over[ending] += names.size();
    const std::string first = inside + names.front();
    if (into.first_passed_over.empty() || first < into.first_passed_over) {
      into.first_passed_over = first;
    }
  }
}

// Collects the images in `inside` and below, by their folder, which is relative to the root and
// ends in "/". `way` holds the folders above.
void Collect(const fs::path& root, const std::string& inside, std::vector<Step>& way,
             std::map<std::string, std::vector<std::string>>& images, ImageFolder& into) {
  const fs::path folder = root / inside;
  struct stat info {};
  if (stat(folder.c_str(), &info) != 0) {
    Fail(ErrorKind::kUsage, "cannot list the folder {}: {}", ShownBytes(folder.native()),
         std::strerror(errno));
  }
  const Step here(info.st_dev, info.st_ino);
  if (std::find(way.begin(), way.end(), here) != way.end()) {
    Fail(ErrorKind::kUsage,
         "the folder {} leads back to one above it, so its images have no end: remove the link",
         folder.parent_path().string());
  }
  Content content = ContentOf(folder);
  PassOver(content, inside, into);
  // torchvision sorts folders by their paths without the "/" at the end.
  if (!content.images.empty()) {
    images[inside.empty() ? "" : inside.substr(0, inside.size() - 1)] = std::move(content.images);
  }
  way.push_back(here);
  for (const std::string& name : content.folders) {
    Collect(root, inside + name + "/", way, images, into);
  }
  way.pop_back();
}

// The images of a class, or of the root if `name` is empty, relative to the root, in order.
std::vector<std::string> ImagesOf(const fs::path& root, const std::string& name,
                                  ImageFolder& into) {
  std::map<std::string, std::vector<std::string>> by_folder;
  std::vector<Step> way;
  Collect(root, name.empty() ? "" : name + "/", way, by_folder, into);
  std::vector<std::string> images;
  for (const auto& [inside, names] : by_folder) {
    for (const std::string& image : names) {
      images.push_back(inside.empty() ? image : inside + "/" + image);
      RequireUtf8Path(root / images.back(), "an image");
    }
  }
  return images;
}

[[noreturn]] void FailWithoutClasses(const fs::path& root, size_t images) {
  if (images > 0) {
    Fail(ErrorKind::kUsage,
         "{} holds {} images but no class folders: sort them into one folder a class",
         root.string(), images);
  }
  Fail(ErrorKind::kUsage, "{} holds no class folders: images lie in <class>/*.jpg, *.png and so on",
       root.string());
}

Content RootContent(const fs::path& root) {
  Content content = ContentOf(root);
  if (content.folders.empty()) FailWithoutClasses(root, content.images.size());
  for (const std::string& name : content.folders) RequireUtf8Path(root / name, "a class folder");
  return content;
}

// For a list, whose order and classes count.
std::string ListFingerprint(const ImageFolder& folder, const std::string& split,
                            const DigestFiles& digest) {
  std::vector<std::string> digests;
  if (split == "test") {
    std::vector<fs::path> paths;
    for (const ImageFolder::File& file : folder.files) paths.push_back(folder.root / file.name);
    digests = digest(paths);
  }
  Json content = Json::array();
  auto other = folder.also_right.begin();
  for (size_t i = 0; i < folder.files.size(); ++i) {
    const ImageFolder::File& file = folder.files[i];
    Json entry = {file.name, digests.empty() ? Json(file.bytes) : Json(digests[i])};
    if (file.label != ImageFolder::kNoLabel) entry.push_back(file.label);
    for (; other != folder.also_right.end() && other->first == i; ++other)
      entry.push_back(other->second);
    content.push_back(std::move(entry));
  }
  return JsonDigest(content);
}

// The first class that is in only one of two sorted lists.
std::string FirstDifference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> difference;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                std::back_inserter(difference));
  return difference.empty() ? "" : difference.front();
}

// A sub-folder with images; empty if the first few have none (the folder may be any).
std::string SomeClassIn(const fs::path& root) {
  constexpr int kTried = 8;
  std::error_code error, ignored;
  fs::directory_iterator entries(root, error);
  int tried = 0;
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    if (!entries->is_directory(ignored)) continue;
    if (HoldsImages(entries->path())) return entries->path().filename();
    if (++tried == kTried) break;
  }
  return "";
}

}  // namespace

bool HoldsImages(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    if (IsImageName(entries->path().filename())) return true;
  }
  return false;
}

ImageFolder::File ImageFile(const fs::path& root, const std::string& name, int64_t label) {
  struct stat info {};
  const fs::path path = root / name;
  if (stat(path.c_str(), &info) != 0) {
    Fail(ErrorKind::kUsage, "cannot read the image {}: {}", path.string(), std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) {
    Fail(ErrorKind::kUsage, "cannot read the image {}: it is not a file", path.string());
  }
  return {name,
          label,
          static_cast<uint64_t>(info.st_size),
          Nanoseconds(info.st_mtim),
          Nanoseconds(info.st_ctim),
          info.st_ino};
}

ImageFolder ListUnlabelled(const fs::path& root, bool deep) {
  ImageFolder folder{.root = root, .is_listed = true};
  std::vector<std::string> names;
  if (deep) {
    names = ImagesOf(root, "", folder);
  } else {
    const Content content = ContentOf(root);
    PassOver(content, "", folder);
    names = content.images;
    for (const std::string& name : names) RequireUtf8Path(root / name, "an image");
  }
  if (names.empty()) {
    Fail(ErrorKind::kUsage, "{} holds no image ({})", root.string(), Join(kImageEndings, ", "));
  }
  for (const std::string& name : names)
    folder.files.push_back(ImageFile(root, name, ImageFolder::kNoLabel));
  return folder;
}

ImageFolder ListImageFolder(const fs::path& root) {
  const Content content = RootContent(root);
  ImageFolder folder{.root = root, .classes = content.folders};
  std::vector<std::string> loose = content.images;
  for (const auto& [kind, names] : content.passed_over) {
    if (kind != kHidden) loose.insert(loose.end(), names.begin(), names.end());
  }
  std::sort(loose.begin(), loose.end());
  if (!loose.empty()) PassOver({{}, {}, {{kNextTo, loose}}}, "", folder);
  std::vector<std::vector<std::string>> images;
  size_t most = 0;
  for (const std::string& name : folder.classes) {
    images.push_back(ImagesOf(root, name, folder));
    if (images.back().empty()) {
      Fail(ErrorKind::kUsage,
           "the class folder {} holds no image ({}): remove it or fetch its images",
           (root / name).string(), Join(kImageEndings, ", "));
    }
    most = std::max(most, images.back().size());
  }
  for (size_t round = 0; round < most; ++round) {
    for (size_t label = 0; label < images.size(); ++label) {
      if (round >= images[label].size()) continue;
      folder.files.push_back(ImageFile(root, images[label][round], static_cast<int64_t>(label)));
    }
  }
  return folder;
}

std::string PassedOverWarning(const ImageFolder& folder) {
  if (folder.passed_over.empty()) return "";
  size_t count = 0;
  std::vector<std::string> kinds;
  for (const auto& [kind, files] : folder.passed_over) {
    count += files;
    kinds.push_back(fmt::format("{} {}", files, kind));
  }
  const std::string files = count == 1 ? "1 file that looks like an image is"
                                       : fmt::format("{} files that look like images are", count);
  return fmt::format("{}: {} passed over ({}), such as {}; only {} files{} are read",
                     folder.root.string(), files, Join(kinds, ", "),
                     ShownBytes(folder.first_passed_over), Join(kImageEndings, ", "),
                     folder.is_listed ? "" : " in class folders");
}

std::optional<fs::path> SplitFolder(const fs::path& root, const DatasetFacts& facts,
                                    const std::string& split) {
  const auto names = facts.folders.find(split);
  if (names == facts.folders.end()) return std::nullopt;
  for (const std::string& name : names->second) {
    const fs::path folder = root / name;
    std::error_code ignored;
    if (fs::is_directory(folder, ignored)) return folder;
  }
  return std::nullopt;
}

std::string MisplacedClasses(const fs::path& root, const DatasetFacts& facts) {
  const std::string found = SomeClassIn(root);
  if (found.empty()) return "";
  const std::vector<std::string>& names = facts.folders.at("test");
  const fs::path folder = root.filename().empty() ? root.parent_path() : root;  // "val/"
  if (Contains(names, folder.filename())) {
    return fmt::format("{} is the folder of the test images itself: give the one above it, {}",
                       folder.string(), folder.parent_path().string());
  }
  return fmt::format("{} holds class folders itself ({}, …): test images lie in {}/<class>/",
                     folder.string(), found, (folder / names.front()).string());
}

ImageFolder ListSplit(const fs::path& root, const DatasetFacts& facts, const std::string& split) {
  const auto place = SplitFolder(root, facts, split);
  if (!place) Fail(ErrorKind::kUsage, "{} has no folder of {} images", root.string(), split);
  ImageFolder folder = ListImageFolder(*place);
  const auto declared = static_cast<size_t>(facts.classes);
  if (declared != 0 && folder.classes.size() != declared) {
    Fail(ErrorKind::kUsage, "{} holds {} class folders, the dataset has {} classes",
         place->string(), folder.classes.size(), declared);
  }
  const auto test = SplitFolder(root, facts, "test");
  if (!test || *test == *place) return folder;
  const std::string difference = FirstDifference(folder.classes, RootContent(*test).folders);
  if (!difference.empty()) {
    Fail(ErrorKind::kUsage,
         "{} and {} hold different classes, so that labels would not agree: only one of them has "
         "the folder {}",
         place->string(), test->string(), difference);
  }
  return folder;
}

std::string ImageFolderFingerprint(const ImageFolder& folder, const std::string& split,
                                   const DigestFiles& digest) {
  if (folder.is_listed) return ListFingerprint(folder, split, digest);
  Json content = Json::object();
  if (split != "test") {
    for (const ImageFolder::File& file : folder.files) content[file.name] = file.bytes;
    return JsonDigest(content);
  }
  std::vector<fs::path> paths;
  for (const ImageFolder::File& file : folder.files) paths.push_back(folder.root / file.name);
  const std::vector<std::string> digests = digest(paths);
  for (size_t i = 0; i < paths.size(); ++i) content[folder.files[i].name] = digests[i];
  return JsonDigest(content);
}

FileState StateOf(const ImageFolder& folder) {
  Sha256 hash;
  hash.Update(folder.root.string());
  FileState state;
  for (const ImageFolder::File& file : folder.files) {
    hash.Update(fmt::format("\n{}\t{}\t{}\t{}\t{}", file.name, file.bytes, file.written_ns,
                            file.changed_ns, file.inode));
    if (folder.is_listed) hash.Update(fmt::format("\t{}", file.label));
    state.youngest_ns = std::max({state.youngest_ns, file.written_ns, file.changed_ns});
  }
  for (const auto& [place, label] : folder.also_right)
    hash.Update(fmt::format("\n{}\t{}", place, label));
  state.key = hash.Hex();
  // One file represents all: a folder lies in one file system.
  state.doubtful =
      !folder.files.empty() && !KeepsChangeTimes(folder.root / folder.files.front().name);
  return state;
}

int64_t UsualResize(int64_t crop) { return (crop * 8 + 6) / 7; }

}  // namespace zerosweep
