// The inside of a bundle, shared by its writer and its reader.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/results/sqlite.h"

namespace zerosweep {

// Rows refer to each other by name, not by number.
struct BundleTable {
  std::string name;
  std::vector<std::string> columns;  // in order
  std::string definition;            // "name TEXT PRIMARY KEY, …"
  // From a home's tables, with its_trial and its_stage (ids) beside them; the columns in order.
  std::string select;
};
const std::vector<BundleTable>& BundleTables();

// Files of artifacts in pieces: (artifact digest, file name, number of the piece, bytes).
inline constexpr const char* kPieces = "piece";
inline constexpr int64_t kPieceBytes = 8 << 20;

void CreateBundleTables(Database& bundle);

// Opens a bundle and checks that it is one: the application's mark, the format, the tables to the
// letter, SQLite's integrity check. Throws kUsage.
std::unique_ptr<Database> OpenBundle(const std::filesystem::path& file);

// Copies what `from` gives (already bound) into columns of `table`; returns how many rows.
int64_t CopyRows(Statement& from, Database& to, const std::string& table,
                 const std::vector<std::string>& columns);

}  // namespace zerosweep
