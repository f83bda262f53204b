#include "engine/import/input_file.h"

#include "base/error.h"
#include "base/files.h"

namespace zerosweep {

std::string ReadInputFile(const std::filesystem::path& path, const std::string& what) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    Fail(ErrorKind::kUsage, "{}: there is no file {}: check the path", what, path.string());
  }
  if (!IsFile(path)) {
    Fail(ErrorKind::kUsage, "{}: {} is not a file: check the path", what, path.string());
  }
  try {
    return ReadFile(path);
  } catch (const Error& error) {
    Fail(ErrorKind::kUsage, "{}: {}", what, error.what());
  }
}

}  // namespace zerosweep
