#include "storage/home/home.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "storage/home/file_system.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Names that become paths are hex digests and UUIDs that this program made.
const std::string& Checked(const std::string& name) {
  if (name.size() < 2 || name.find('/') != std::string::npos || name.front() == '.') {
    Fail(ErrorKind::kInternal, "'{}' cannot name a folder of the home", name);
  }
  return name;
}

}  // namespace

fs::path Home::staging(const std::string& attempt) const {
  return artifacts() / ".staging" / Checked(attempt);
}

fs::path Home::artifact(const std::string& digest) const {
  return artifacts() / Checked(digest).substr(0, 2) / digest;
}

fs::path Home::checkpoints(const std::string& stage) const {
  return checkpoints() / Checked(stage);
}

fs::path Home::log(const std::string& attempt, int rank) const {
  const std::string name = attempt + (rank > 0 ? ".rank" + std::to_string(rank) : "") + ".log";
  return folder / "logs" / Checked(attempt).substr(0, 2) / name;
}

void Home::Create() const {
  for (const fs::path& path :
       {folder, artifacts() / ".staging", folder / "logs", requests(), folder / "run"}) {
    MakePrivateFolder(path);
  }
  if (!IsWritableFolder(folder)) {
    Fail(ErrorKind::kStorage, "home {} is not writable: {}; choose another --home", folder.string(),
         std::strerror(errno));
  }
}

bool Home::Exists() const {
  std::error_code code;
  return fs::is_directory(folder, code);
}

Home Home::Locate(const std::string& option) {
  const char* variable = std::getenv("ZEROSWEEP_HOME");
  std::string named = option;
  if (named.empty() && variable != nullptr) named = variable;
  if (named.empty()) named = "zerosweep-home";
  Home home{fs::absolute(WithHomeFolder(named)).lexically_normal()};
  RequireUtf8Path(home.folder, "the home");
  return home;
}

}  // namespace zerosweep
