// The file system that holds a folder.
#pragma once

#include <filesystem>
#include <optional>

namespace zerosweep {

// True on file systems that several machines share (NFS, SMB, Lustre, GPFS, BeeGFS, Ceph, AFS, 9p,
// OrangeFS) and on FUSE, which may hide one: SQLite's shared memory (WAL) must not be used there.
// False when the file system cannot be determined.
bool IsNetworkFileSystem(const std::filesystem::path& folder);

// Seconds since a file or folder was last written; nullopt when it cannot be determined.
std::optional<double> AgeOf(const std::filesystem::path& path);

// Whether files can be created in the folder. False on read-only mounts, also for root.
bool IsWritableFolder(const std::filesystem::path& folder);

}  // namespace zerosweep
