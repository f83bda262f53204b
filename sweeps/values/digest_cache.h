// SHA-256 digests of files outside the home, remembered by their states (base/file_state.h): a file
// that was replaced is read again. Where the file system tells too little, every file is.
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

// Told, a few times a second, how far the reading of a large folder has come. In bytes.
using ReadingProgress =
    std::function<void(const std::filesystem::path& folder, double done, double total)>;

// Reads <home>/cache/digests.json if the home exists; a damaged cache counts as empty. To be used
// by one thread; files are read on as many others as there are cores.
class DigestCache {
 public:
  explicit DigestCache(const Home& home, ReadingProgress progress = {});

  // SHA-256 (hex) of the file's bytes. Throws kStorage when it cannot be read.
  std::string Sha256Of(const std::filesystem::path& file);
  // Starts reading the files whose digests are not known, for Sha256Of to find them soon. A file
  // that cannot be read is reported by Sha256Of.
  void Prepare(const std::vector<std::filesystem::path>& files);

  // ImageFolderFingerprint, remembered by the folder's state. Throws kStorage.
  std::string FingerprintOf(const ImageFolder& folder, const std::string& split);

  // Keeps what is new, if the home exists and can be written. A cache that cannot be kept is no
  // error: it is made again.
  void Save() const;

 private:
  std::vector<std::string> DigestInParallel(const ImageFolder& folder,
                                            const std::vector<std::filesystem::path>& files) const;
  void Remember(const std::string& key, const std::string& digest, int64_t youngest_ns);

  std::filesystem::path home_;
  ReadingProgress progress_;
  std::map<std::string, std::string> digests_;
  std::map<std::string, std::future<std::string>> prepared_;  // by the same keys
  bool changed_ = false;
};

}  // namespace zerosweep
