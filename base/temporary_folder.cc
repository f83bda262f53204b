#include "base/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace zerosweep {
namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(const std::string& prefix) {
  std::error_code code;
  std::string name = fs::temp_directory_path(code) / (prefix + "XXXXXX");
  if (mkdtemp(name.data()) == nullptr)
    Fail(ErrorKind::kStorage, "cannot create {}: {}; set $TMPDIR to another folder", name,
         std::strerror(errno));
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace zerosweep
