// A C++ interface to SQLite. Every return code is checked; every error is an Error(kStorage) that
// names the file and says what to do. One thread per database.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace zerosweep {

// Throws kStorage for `code`. The message distinguishes a full disk, a read-only place, a damaged
// file and a busy database.
[[noreturn]] void FailSqlite(int code, const std::string& file, const std::string& message,
                             const char* doing);

// Bytes to store as a BLOB, not owned.
struct Blob {
  std::string_view bytes;
};

// A prepared statement. Bind its parameters, then Step to each row and read its columns; Run does
// both for statements without rows.
class Statement {
 public:
  Statement(sqlite3* db, std::string file, std::string_view sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Rewinds and binds all parameters in order.
  template <typename... Args>
  Statement& Bind(const Args&... args) {
    sqlite3_reset(statement_);
    int index = 0;
    (BindOne(++index, args), ...);
    return *this;
  }
  // Binds and steps to the end.
  template <typename... Args>
  void Run(const Args&... args) {
    Bind(args...);
    while (Step()) {
    }
  }
  // Binds; whether there is a row. Rewinds.
  template <typename... Args>
  bool Finds(const Args&... args) {
    const bool found = Bind(args...).Step();
    Reset();
    return found;
  }
  // Binds; the integer at the start of the first row. Rewinds.
  template <typename... Args>
  int64_t FirstInt(const Args&... args) {
    Bind(args...).Step();
    const int64_t value = Int(0);
    Reset();
    return value;
  }
  // Returns true while there is a row; rewinds at the end.
  bool Step();
  void Reset() { sqlite3_reset(statement_); }

  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  double Real(int column) const { return sqlite3_column_double(statement_, column); }
  std::string Text(int column) const;
  sqlite3_stmt* get() const { return statement_; }

 private:
  void BindOne(int index, std::nullptr_t);
  void BindOne(int index, double value);  // NaN becomes NULL
  void BindOne(int index, int64_t value);
  void BindOne(int index, int value) { BindOne(index, static_cast<int64_t>(value)); }
  void BindOne(int index, bool value) { BindOne(index, static_cast<int64_t>(value)); }
  void BindOne(int index, const std::string& value);
  void BindOne(int index, const char* value) { BindOne(index, std::string(value)); }
  void BindOne(int index, const Blob& value);
  template <typename T>
  void BindOne(int index, const std::optional<T>& value) {
    value ? BindOne(index, *value) : BindOne(index, nullptr);
  }
  void Check(int code, const char* doing) const;

  sqlite3_stmt* statement_ = nullptr;
  sqlite3* db_;
  std::string file_;
};

enum class OpenMode {
  kWrite,      // created when absent, mode 0600
  kRead,       // mode=ro
  kImmutable,  // immutable=1: no locks, no journal; for snapshots and read-only media
};

class Database {
 public:
  Database(std::filesystem::path path, OpenMode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements that return no rows.
  void Exec(const std::string& sql);
  // Returns a statement that lives as long as the database.
  Statement& Prepare(std::string_view sql);
  // Returns the first column of the first row of `sql`; empty when there is no row.
  std::string Scalar(const std::string& sql);
  // Returns the first column of every row of `sql`.
  std::vector<std::string> Texts(const std::string& sql);

  sqlite3* get() const { return db_; }
  const std::filesystem::path& path() const { return path_; }
  int64_t changes() const { return sqlite3_changes64(db_); }
  int64_t last_row() const { return sqlite3_last_insert_rowid(db_); }

 private:
  std::filesystem::path path_;
  sqlite3* db_ = nullptr;
  struct HashText {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::unique_ptr<Statement>, HashText, std::equal_to<>>
      statements_;
};

}  // namespace zerosweep
