// Files that appear whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace zerosweep {

// All throw kStorage, naming the path and the system's reason.

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

// The folder that holds the running program (build/bin).
std::filesystem::path ProgramFolder();

// A random (version 4) UUID.
std::string NewUuid();

}  // namespace zerosweep
