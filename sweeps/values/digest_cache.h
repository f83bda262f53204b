// SHA-256 digests of files outside the home. They are remembered with the files' states
// (base/file_state.h), so that a replaced file is read again. Where the file system reports too
// little, every file is read again.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "contract/image_folder.h"
#include "storage/home/home.h"

namespace zerosweep {

// Called a few times a second with the progress of reading a large folder, in bytes.
using ReadingProgress =
    std::function<void(const std::filesystem::path& folder, double done, double total)>;

// Reads <home>/cache/digests.json if the home exists; a damaged cache counts as empty. For one
// thread; files are read on as many others as there are cores.
class DigestCache {
 public:
  explicit DigestCache(const Home& home, ReadingProgress progress = {});

  // SHA-256 (hex) of the file's bytes. Throws kStorage when it cannot be read.
  std::string Sha256Of(const std::filesystem::path& file);
  // Starts reading the files whose digests are unknown, so that Sha256Of returns sooner. Sha256Of
  // reports a file that cannot be read.
  void Prepare(const std::vector<std::filesystem::path>& files);

  // ImageFolderFingerprint, remembered with the folder's state. Throws kStorage.
  std::string FingerprintOf(const ImageFolder& folder, const std::string& split);

  // Saves new digests if the home exists and is writable. A failure is no error: the cache can be
  // rebuilt.
  void Save() const;

 private:
  std::vector<std::string> DigestInParallel(const ImageFolder& folder,
                                            const std::vector<std::filesystem::path>& files) const;
  void Remember(const std::string& key, const std::string& digest, int64_t youngest_ns);

  Home home_;
  ReadingProgress progress_;
  std::map<std::string, std::string> digests_;
  std::map<std::string, std::future<std::string>> prepared_;  // by the same keys
  bool changed_ = false;
};

}  // namespace zerosweep
