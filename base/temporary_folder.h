// A new private folder in $TMPDIR that goes with its object.
#pragma once

#include <filesystem>
#include <string>

namespace zerosweep {

class TemporaryFolder {
 public:
  // Its name begins with `prefix`. Throws kStorage when it cannot be made.
  explicit TemporaryFolder(const std::string& prefix);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace zerosweep
