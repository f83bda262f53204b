// Real data that some slow tests use where available: $ZEROSWEEP_SHARED_DATA, or shared/data next
// to the source tree.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace zerosweep {

inline constexpr const char* kNoSharedData =
    "no shared data: set ZEROSWEEP_SHARED_DATA to a folder that holds cifar10-jpeg/";

// The folder `name` of the shared data; nullopt when it does not exist.
inline std::optional<std::filesystem::path> SharedData(const std::string& name) {
  const char* given = std::getenv("ZEROSWEEP_SHARED_DATA");
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  const std::filesystem::path root =
      given != nullptr ? given
                       : std::filesystem::path(source != nullptr ? source : ".") / "../shared/data";
  if (!std::filesystem::is_directory(root / name)) return std::nullopt;
  return root / name;
}

}  // namespace zerosweep
