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

std::vector<std::filesystem::path> ModelFolders(const Home& home) {
  const std::filesystem::path bin = ProgramFolder();
  return {home.models(), bin.parent_path() / "share" / "zerosweep" / "models",
          bin.parent_path().parent_path() / "models"};
}

std::filesystem::path ExampleFolder() {
  const std::filesystem::path prefix = ProgramFolder().parent_path();
  const std::filesystem::path installed = prefix / "share" / "zerosweep" / "examples";
  if (std::filesystem::is_directory(installed)) return installed;
  return prefix.parent_path() / "sweeps" / "examples";
}

std::filesystem::path PythonScript(const std::string& name) {
  const std::filesystem::path prefix = ProgramFolder().parent_path();
  for (const auto& place : {prefix / name, prefix / "share" / "zerosweep" / name,
                            prefix.parent_path() / "python" / "zerosweep" / name})
    if (IsFile(place)) return place;
  return {};
}

std::filesystem::path PythonProgram() {
  if (const char* named = std::getenv("ZEROSWEEP_PYTHON")) return named;
  const std::filesystem::path prefix = ProgramFolder().parent_path();
  std::error_code code;
  // The link of an installation names the mpirun of its environment.
  const auto mpirun =
      std::filesystem::canonical(prefix / "lib" / "zerosweep" / "mpirun", code).parent_path();
  for (const auto& place : {mpirun / "python", prefix.parent_path() / ".venv" / "bin" / "python"})
    if (IsFile(place)) return place;
  return {};
}

std::filesystem::path StageProgram() {
  const char* named = std::getenv("ZEROSWEEP_STAGE");
  return named != nullptr ? std::filesystem::path(named) : ProgramFolder() / "zerosweep-stage";
}

}  // namespace zerosweep
