// Files of tests/golden: numbers from independent implementations.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/json.h"

namespace zerosweep {

inline Json ReadGolden(const std::string& name) {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  const std::filesystem::path file =
      std::filesystem::path(source != nullptr ? source : ".") / "tests/golden" / name;
  return ParseJson(ReadFile(file), file.string());
}

}  // namespace zerosweep
