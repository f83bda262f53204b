// Files that appear complete or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zerosweep {

// Unless stated otherwise, these functions throw kStorage, naming the path and the system's reason.

// Whether `path` exists and is not a folder, pipe or device. Never throws.
bool IsFile(const std::filesystem::path& path);

std::string ReadFile(const std::filesystem::path& path);

// Modes of new files: the user's own, as a home has them, and what the umask leaves, as users expect
// of what a command writes for them.
inline constexpr unsigned kOwnMode = 0600, kUsualMode = 0666;

// Writes to a temporary name in the same folder, fsyncs, renames, and fsyncs the folder. A failure
// leaves nothing behind.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes,
                         unsigned mode = kOwnMode);
// Likewise, the parts one after the other: they need not stand together in memory.
void WriteFileAtomically(const std::filesystem::path& path,
                         const std::vector<std::string_view>& parts, unsigned mode = kOwnMode);

// Writes and fsyncs a file in place (mode 0600). On failure removes the file.
void WriteFileDurably(const std::filesystem::path& path, std::string_view bytes);

// Creates the folder and its missing parents with mode 0700.
void MakePrivateFolder(const std::filesystem::path& path);

// Renames without replacing. Returns false when `to` already exists (the first wins).
bool RenameNoReplace(const std::filesystem::path& from, const std::filesystem::path& to);

void FsyncFile(const std::filesystem::path& path);
void FsyncFolder(const std::filesystem::path& path);

// Throws kUsage for a path that is not UTF-8 text: results, reports and stage messages could not
// name it. `what` is the path's role in the message ("the home").
void RequireUtf8Path(const std::filesystem::path& path, std::string_view what);

// Expands a leading "~" or "~/" to the user's home folder; returns every other path unchanged.
// Shells do the same, but not inside `--data=~/x` or quotes. Throws kUsage when $HOME is needed and
// not set.
std::filesystem::path WithHomeFolder(const std::string& path);

// The folder that holds the running program (build/bin).
std::filesystem::path ProgramFolder();

// A random (version 4) UUID.
std::string NewUuid();

}  // namespace zerosweep
