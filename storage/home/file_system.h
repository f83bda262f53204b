// What kind of file system a folder lies on.
#pragma once

#include <filesystem>

namespace zerosweep {

// True on file systems that several machines share (NFS, SMB, Lustre, GPFS, BeeGFS, Ceph, AFS, 9p)
// and on FUSE, which may hide one: there SQLite's shared memory (WAL) must not be used. False when
// the folder cannot be asked.
bool IsNetworkFileSystem(const std::filesystem::path& folder);

// Whether files can be made in the folder: false on read-only mounts, also for root.
bool IsWritableFolder(const std::filesystem::path& folder);

}  // namespace zerosweep
