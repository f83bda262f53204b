// SHA-256 digests of files outside the home, remembered by (device, inode, size, modification
// time).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "storage/home.h"

namespace zerosweep {

// Reads <home>/cache/digests.json if the home exists; a damaged cache counts as empty. One thread.
class DigestCache {
 public:
  explicit DigestCache(const Home& home);

  // SHA-256 (hex) of the file's bytes. Throws kStorage when it cannot be read.
  std::string Sha256Of(const std::filesystem::path& file);

  // Keeps what is new, if the home exists and can be written. A cache that cannot be kept is no
  // error: it is made again.
  void Save() const;

 private:
  std::filesystem::path home_;
  std::map<std::string, std::string> digests_;
  bool changed_ = false;
};

}  // namespace zerosweep
