#include "storage/results/sqlite.h"

#include <sys/stat.h>

#include "base/error.h"

namespace zerosweep {
namespace {

constexpr int kBusyMilliseconds = 15'000;

// The path as an SQLite URI, with every character escaped that could end the path.
std::string Uri(const std::filesystem::path& path, OpenMode mode) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '?' || c == '#' || c == '%') {
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      uri += c;
    }
  }
  if (mode == OpenMode::kWrite) return uri + "?mode=rwc";
  return uri + (mode == OpenMode::kRead ? "?mode=ro" : "?mode=ro&immutable=1");
}

const char* Advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "the disk is full: free some space and run again, nothing committed is lost";
    case SQLITE_IOERR:
      return "the disk gave an error or is full: check space (df) and quota, then run again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "the place is not writable: choose another --home";
    case SQLITE_CANTOPEN:
      return "check that the folder exists and is writable, or choose another --home";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "the file is damaged: run `zerosweep fsck`, restore it from a copy or choose another "
             "--home";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds the database: try again";
    default:
      return "run `zerosweep fsck`";
  }
}

int ValueOfHexDigit(unsigned char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const int lower = digit | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// SQL function unhex(X), which SQLite has from 3.41 on: the bytes of the hexadecimal text X, or
// NULL for anything that is not hexadecimal.
void Unhex(sqlite3_context* context, int, sqlite3_value** values) {
  const unsigned char* text = sqlite3_value_text(values[0]);
  const int size = sqlite3_value_bytes(values[0]);
  if (text == nullptr || size % 2 != 0) return;
  std::string bytes;
  for (int i = 0; i < size; i += 2) {
    const int high = ValueOfHexDigit(text[i]), low = ValueOfHexDigit(text[i + 1]);
    if (high < 0 || low < 0) return;
    bytes += static_cast<char>(high << 4 | low);
  }
  sqlite3_result_blob64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

}  // namespace

void FailSqlite(int code, const std::string& file, const std::string& message, const char* doing) {
  const int primary = code & 0xff;
  const bool damaged = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  throw Error(ErrorKind::kStorage,
              fmt::format("cannot {} {}: {}; {}", doing, file, message, Advice(code)),
              damaged ? Failure::kDamaged : Failure::kError);
}

Statement::Statement(sqlite3* db, std::string file, std::string_view sql)
    : db_(db), file_(std::move(file)) {
  Check(sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement_, nullptr),
        "prepare a statement for");
}

void Statement::Check(int code, const char* doing) const {
  if (code != SQLITE_OK) {
    FailSqlite(sqlite3_extended_errcode(db_), file_, sqlite3_errmsg(db_), doing);
  }
}

bool Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) {
    const std::string message = sqlite3_errmsg(db_);
    sqlite3_reset(statement_);
    FailSqlite(code, file_, message,
               sqlite3_stmt_readonly(statement_) != 0 ? "read from" : "write to");
  }
  sqlite3_reset(statement_);
  return false;
}

std::string Statement::Text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<size_t>(size));
}

void Statement::BindOne(int index, std::nullptr_t) {
  Check(sqlite3_bind_null(statement_, index), "bind a value for");
}

void Statement::BindOne(int index, double value) {
  Check(sqlite3_bind_double(statement_, index, value), "bind a value for");
}

void Statement::BindOne(int index, int64_t value) {
  Check(sqlite3_bind_int64(statement_, index, value), "bind a value for");
}

void Statement::BindOne(int index, const std::string& value) {
  Check(sqlite3_bind_text64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8),
        "bind a value for");
}

void Statement::BindOne(int index, const Blob& value) {
  Check(sqlite3_bind_blob64(statement_, index, value.bytes.data(), value.bytes.size(),
                            SQLITE_TRANSIENT),
        "bind a value for");
}

Database::Database(std::filesystem::path path, OpenMode mode) : path_(std::move(path)) {
  // Memory statistics are not used, and counting takes a lock at every allocation.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)uncounted;
  const int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == OpenMode::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                              : SQLITE_OPEN_READONLY);
  const mode_t old_mask = umask(0077);
  const int code = sqlite3_open_v2(Uri(path_, mode).c_str(), &db_, flags, nullptr);
  umask(old_mask);
  if (code != SQLITE_OK) {
    const std::string message = db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_);
    sqlite3_close_v2(db_);
    FailSqlite(code, path_.string(), message, "open");
  }
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_create_function_v2(db_, "unhex", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                             nullptr, Unhex, nullptr, nullptr, nullptr);
}

Database::~Database() {
  statements_.clear();
  sqlite3_close_v2(db_);
}

void Database::Exec(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) FailSqlite(code, path_.string(), sqlite3_errmsg(db_), "write to");
}

Statement& Database::Prepare(std::string_view sql) {
  auto known = statements_.find(sql);
  if (known == statements_.end())
    known = statements_.emplace(sql, std::make_unique<Statement>(db_, path_.string(), sql)).first;
  return *known->second;
}

std::string Database::Scalar(const std::string& sql) {
  Statement statement(db_, path_.string(), sql);
  return statement.Step() ? statement.Text(0) : std::string();
}

std::vector<std::string> Database::Texts(const std::string& sql) {
  Statement statement(db_, path_.string(), sql);
  std::vector<std::string> texts;
  while (statement.Step()) texts.push_back(statement.Text(0));
  return texts;
}

}  // namespace zerosweep
