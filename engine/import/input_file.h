// Files that the user named.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace zerosweep {

// Readers of formats may take as much memory as the file is large, and this much more: bytes.
inline constexpr uint64_t kFreeMemory = 100 << 20;

// Reads the bytes of a file. Throws kUsage, naming `what` ("weights") and the path, when it is
// absent or unreadable.
std::string ReadInputFile(const std::filesystem::path& path, const std::string& what);

}  // namespace zerosweep
