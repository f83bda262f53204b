#include "base/image_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/hash.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

struct Content {
  std::vector<std::string> folders;
  std::vector<std::string> images;
};

bool IsImageName(const std::string& name) {
  std::string extension = fs::path(name).extension();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

// The sub-folders and image files of a folder, both sorted.
Content ContentOf(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  Content content;
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    const std::string name = entries->path().filename();
    std::error_code ignored;
    if (name.starts_with('.')) continue;
    if (entries->is_directory(ignored)) {
      content.folders.push_back(name);
    } else if (IsImageName(name)) {
      content.images.push_back(name);
    }
  }
  if (error) {
    Fail(ErrorKind::kUsage, "cannot list the folder {}: {}", folder.string(), error.message());
  }
  std::sort(content.folders.begin(), content.folders.end());
  std::sort(content.images.begin(), content.images.end());
  return content;
}

ImageFolder::File FileOf(const fs::path& root, const std::string& name, int64_t label) {
  struct stat info {};
  const fs::path path = root / name;
  if (stat(path.c_str(), &info) != 0) {
    Fail(ErrorKind::kUsage, "cannot read the image {}: {}", path.string(), std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) {
    Fail(ErrorKind::kUsage, "cannot read the image {}: it is not a file", path.string());
  }
  return {name, label, static_cast<uint64_t>(info.st_size),
          int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

[[noreturn]] void FailWithoutClasses(const fs::path& root, size_t images) {
  if (images > 0) {
    Fail(ErrorKind::kUsage,
         "{} holds {} images but no class folders: sort them into one folder a class",
         root.string(), images);
  }
  Fail(ErrorKind::kUsage, "{} holds no class folders: images lie in <class>/*.jpg, *.jpeg or *.png",
       root.string());
}

std::vector<std::string> ClassesOf(const fs::path& root) {
  Content content = ContentOf(root);
  if (content.folders.empty()) FailWithoutClasses(root, content.images.size());
  return content.folders;
}

// The first class that one of two sorted lists lacks.
std::string FirstDifference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> difference;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                std::back_inserter(difference));
  return difference.empty() ? "" : difference.front();
}

bool HasImages(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    if (IsImageName(entries->path().filename())) return true;
  }
  return false;
}

// A sub-folder with images; empty where there is none among the first few (the folder may be any).
std::string SomeClassIn(const fs::path& root) {
  constexpr int kTried = 8;
  std::error_code error, ignored;
  fs::directory_iterator entries(root, error);
  int tried = 0;
  for (const fs::directory_iterator end; !error && entries != end; entries.increment(error)) {
    if (!entries->is_directory(ignored)) continue;
    if (HasImages(entries->path())) return entries->path().filename();
    if (++tried == kTried) break;
  }
  return "";
}

}  // namespace

ImageFolder ListImageFolder(const fs::path& root) {
  ImageFolder folder{root, ClassesOf(root), {}};
  std::vector<std::vector<std::string>> images;
  size_t most = 0;
  for (const std::string& name : folder.classes) {
    images.push_back(ContentOf(root / name).images);
    if (images.back().empty()) {
      Fail(ErrorKind::kUsage,
           "the class folder {} holds no image (.jpg, .jpeg, .png): remove it or fetch its images",
           (root / name).string());
    }
    most = std::max(most, images.back().size());
  }
  for (size_t round = 0; round < most; ++round) {
    for (size_t label = 0; label < images.size(); ++label) {
      if (round >= images[label].size()) continue;
      folder.files.push_back(FileOf(root, folder.classes[label] + "/" + images[label][round],
                                    static_cast<int64_t>(label)));
    }
  }
  return folder;
}

std::optional<fs::path> SplitFolder(const fs::path& root, const Json& facts,
                                    const std::string& split) {
  const Json& folders = facts.at("folders");
  for (const Json& name : folders.value(split, Json::array())) {
    const fs::path folder = root / name.get<std::string>();
    std::error_code ignored;
    if (fs::is_directory(folder, ignored)) return folder;
  }
  return std::nullopt;
}

std::string MisplacedClasses(const fs::path& root, const Json& facts) {
  const std::string found = SomeClassIn(root);
  if (found.empty()) return "";
  const Json& names = facts.at("folders").at("test");
  const fs::path folder = root.filename().empty() ? root.parent_path() : root;  // "val/"
  for (const Json& name : names) {
    if (folder.filename() == name.get<std::string>()) {
      return fmt::format("{} is the folder of the test images itself: give the one above it, {}",
                         folder.string(), folder.parent_path().string());
    }
  }
  return fmt::format("{} holds class folders itself ({}, …): test images lie in {}/<class>/",
                     folder.string(), found, (folder / names.at(0).get<std::string>()).string());
}

ImageFolder ListSplit(const fs::path& root, const Json& facts, const std::string& split) {
  const auto place = SplitFolder(root, facts, split);
  if (!place) Fail(ErrorKind::kUsage, "{} has no folder of {} images", root.string(), split);
  ImageFolder folder = ListImageFolder(*place);
  const size_t declared = facts.at("classes");
  if (declared != 0 && folder.classes.size() != declared) {
    Fail(ErrorKind::kUsage, "{} holds {} class folders, the dataset has {} classes",
         place->string(), folder.classes.size(), declared);
  }
  const auto test = SplitFolder(root, facts, "test");
  if (!test || *test == *place) return folder;
  const std::string difference = FirstDifference(folder.classes, ClassesOf(*test));
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

std::string ListingDigest(const ImageFolder& folder) {
  Sha256 hash;
  hash.Update(folder.root.string());
  for (const ImageFolder::File& file : folder.files) {
    hash.Update(fmt::format("\n{}\t{}\t{}", file.name, file.bytes, file.written_ns));
  }
  return hash.Hex();
}

int64_t UsualResize(int64_t crop) { return (crop * 8 + 6) / 7; }

}  // namespace zerosweep
