#include "cli/places.h"

#include <cstdlib>

#include "base/files.h"
#include "base/process/spawn.h"

namespace zerosweep {

std::string DataFolder() {
  const std::string variable = OwnVariable("ZEROSWEEP_DATA");
  if (variable.empty()) return "";
  const std::filesystem::path folder = WithHomeFolder(variable);
  RequireUtf8Path(folder, "$ZEROSWEEP_DATA");
  return folder;
}

std::vector<std::filesystem::path> ModelFolders() {
  const std::filesystem::path bin = ProgramFolder();
  return {bin.parent_path() / "share" / "zerosweep" / "models",
          bin.parent_path().parent_path() / "models"};
}

std::filesystem::path ExampleFolder() {
  const std::filesystem::path prefix = ProgramFolder().parent_path();
  const std::filesystem::path installed = prefix / "share" / "zerosweep" / "examples";
  if (std::filesystem::is_directory(installed)) return installed;
  return prefix.parent_path() / "sweeps" / "examples";
}

std::filesystem::path StageProgram() {
  const char* named = std::getenv("ZEROSWEEP_STAGE");
  return named != nullptr ? std::filesystem::path(named) : ProgramFolder() / "zerosweep-stage";
}

}  // namespace zerosweep
