#include "storage/home/file_system.h"

#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace zerosweep {
namespace {

// f_type of statfs(2), from the manual page and the file systems' own sources.
constexpr std::array<uint32_t, 12> kNetworkMagics = {
    0x6969,      // NFS
    0x517B,      // SMB
    0xFF534D42,  // CIFS
    0xFE534D42,  // SMB2
    0x0BD00BD0,  // Lustre
    0x47504653,  // GPFS
    0x19830326,  // BeeGFS
    0x65735546,  // FUSE
    0x00C36400,  // Ceph
    0x5346414F,  // AFS
    0x01021997,  // 9p
    0x20030528,  // OrangeFS
};

}  // namespace

bool IsNetworkFileSystem(const std::filesystem::path& folder) {
  struct statfs info {};
  if (statfs(folder.c_str(), &info) != 0) return false;
  const auto magic = static_cast<uint32_t>(info.f_type);
  return std::find(kNetworkMagics.begin(), kNetworkMagics.end(), magic) != kNetworkMagics.end();
}

std::optional<double> AgeOf(const std::filesystem::path& path) {
  std::error_code code;
  const auto written = std::filesystem::last_write_time(path, code);
  if (code) return std::nullopt;
  const auto age = std::filesystem::file_time_type::clock::now() - written;
  return std::chrono::duration<double>(age).count();
}

bool IsWritableFolder(const std::filesystem::path& folder) {
  return access(folder.c_str(), W_OK | X_OK) == 0;
}

}  // namespace zerosweep
