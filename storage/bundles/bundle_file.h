// The tables of a bundle, shared by its writer and its reader.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/results/sqlite.h"

namespace zerosweep {

// Rows refer to each other by name, not by id.
struct BundleTable {
  std::string name;
  std::vector<std::string> columns;  // in order
  std::string definition;            // "name TEXT PRIMARY KEY, …"
  // Reads the columns, in order, from a home's tables and the temporary its_trial and its_stage
  // (ids).
  std::string select;
};
const std::vector<BundleTable>& BundleTables();

// The table of file contents, in pieces: (artifact digest, file name, piece number, bytes).
inline constexpr const char* kPieces = "piece";
inline constexpr int64_t kPieceBytes = 8 << 20;

void CreateBundleTables(Database& bundle);

// Opens a bundle and checks it: the application id, the format, the exact tables and SQLite's
// integrity check. Throws kUsage.
std::unique_ptr<Database> OpenBundle(const std::filesystem::path& file);

// Copies the rows of `from` (already bound) into `columns` of `table`; returns their number.
int64_t CopyRows(Statement& from, Database& to, const std::string& table,
                 const std::vector<std::string>& columns);

}  // namespace zerosweep
