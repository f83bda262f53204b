// Files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace zerosweep {

// All others throw kStorage, naming the path and the system's reason.

// Whether there is a file that is no folder, pipe or device. Never throws.
bool IsFile(const std::filesystem::path& path);

std::string ReadFile(const std::filesystem::path& path);

// Writes to a temporary name beside `path`, fsyncs, renames, fsyncs the folder. On failure nothing
// of it stays.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

// Writes and fsyncs a file in place (mode 0600). On failure the file is removed.
void WriteFileDurably(const std::filesystem::path& path, std::string_view bytes);

// Creates the folder and its missing parents with mode 0700.
void MakePrivateFolder(const std::filesystem::path& path);

// Renames without replacing. Returns false when `to` already exists (first wins).
bool RenameNoReplace(const std::filesystem::path& from, const std::filesystem::path& to);

void FsyncFile(const std::filesystem::path& path);
void FsyncFolder(const std::filesystem::path& path);

// Fails (kUsage) for a path that is not UTF-8 text: results, reports and the stages' messages could
// not name it. `what` says whose it is ("the home").
void RequireUtf8Path(const std::filesystem::path& path, std::string_view what);

// "~" and what follows "~/" in the user's home folder; every other path as it is. Shells do the
// same, but not inside `--data=~/x` or quotes. Throws kUsage where $HOME is needed and not set.
std::filesystem::path WithHomeFolder(const std::string& path);

// The folder that holds the running program (build/bin).
std::filesystem::path ProgramFolder();

// A random (version 4) UUID.
std::string NewUuid();

}  // namespace zerosweep
