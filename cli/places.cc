#include "cli/places.h"

#include <cstdlib>

#include "base/files.h"

namespace zerosweep {

std::string DataFolder() {
  const char* folder = std::getenv("ZEROSWEEP_DATA");
  return folder == nullptr ? "" : folder;
}

std::vector<std::filesystem::path> ModelFolders() {
  const std::filesystem::path bin = ProgramFolder();
  return {bin.parent_path() / "share" / "zerosweep" / "models",
          bin.parent_path().parent_path() / "models"};
}

}  // namespace zerosweep
