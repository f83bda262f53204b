// Files that the user named.
#pragma once

#include <filesystem>
#include <string>

namespace zerosweep {

// Reads the bytes of a file. Throws kUsage, naming `what` ("weights") and the path, when it is
// absent or unreadable.
std::string ReadInputFile(const std::filesystem::path& path, const std::string& what);

}  // namespace zerosweep
