// The reader: its queries cannot write, and they end.
#include <limits>

#include "base/clock.h"
#include "storage/results/open_reading.h"
#include "storage/results/results_impl.h"

namespace zerosweep {
namespace {

constexpr int kProgressSteps = 10'000;  // virtual machine steps between two checks of the clock

// Allows reading and nothing more, whatever the SQL says.
int AllowReading(void*, int action, const char*, const char* name, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return name != nullptr && std::string_view(name) == "load_extension" ? SQLITE_DENY
                                                                           : SQLITE_OK;
    default:
      return SQLITE_DENY;
  }
}

int PastDeadline(void* deadline) {
  return SystemClock().Monotonic() > *static_cast<double*>(deadline) ? 1 : 0;
}

Json ValueOf(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_NULL:
      return nullptr;
    default:
      break;
  }
  const auto* bytes = static_cast<const unsigned char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
  if (sqlite3_column_type(statement, column) == SQLITE_BLOB) {
    return Json::binary(std::vector<uint8_t>(bytes, bytes + size));
  }
  return std::string(bytes, bytes + size);
}

void BindJson(sqlite3_stmt* statement, int index, const Json& value) {
  if (value.is_number_integer() || value.is_boolean()) {
    sqlite3_bind_int64(statement, index,
                       value.is_boolean() ? int64_t{value.get<bool>()} : value.get<int64_t>());
  } else if (value.is_number()) {
    sqlite3_bind_double(statement, index, value.get<double>());
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

bool IsBlank(std::string_view sql) {
  return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementPtr = std::unique_ptr<sqlite3_stmt, Finalize>;

[[noreturn]] void RefuseWriting(sqlite3* db) {
  Fail(ErrorKind::kUsage, "query: only SELECT over the views of docs/schema.md is allowed ({})",
       sqlite3_errmsg(db));
}

StatementPtr PrepareSelect(sqlite3* db, const std::string& sql, size_t bindings) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v2(db, sql.c_str(), static_cast<int>(sql.size()) + 1, &raw, &tail);
  StatementPtr statement(raw);
  if (code == SQLITE_AUTH) RefuseWriting(db);
  if (code != SQLITE_OK) Fail(ErrorKind::kUsage, "query: {}", sqlite3_errmsg(db));
  if (!statement || !IsBlank(tail)) Fail(ErrorKind::kUsage, "query: give exactly one SELECT");
  if (sqlite3_bind_parameter_count(raw) != static_cast<int>(bindings)) {
    Fail(ErrorKind::kUsage, "query: {} parameters, {} values given",
         sqlite3_bind_parameter_count(raw), bindings);
  }
  return statement;
}

// A running SELECT; only one at a time for each database.
class Select {
 public:
  Select(Database& db, const std::string& sql, const std::vector<Json>& bindings, double timeout)
      : db_(db),
        timeout_(timeout),
        deadline_(SystemClock().Monotonic() + timeout),
        statement_(PrepareSelect(db.get(), sql, bindings.size())) {
    for (size_t i = 0; i < bindings.size(); ++i)
      BindJson(statement_.get(), static_cast<int>(i) + 1, bindings[i]);
    sqlite3_progress_handler(db.get(), kProgressSteps, PastDeadline, &deadline_);
  }
  ~Select() { sqlite3_progress_handler(db_.get(), 0, nullptr, nullptr); }
  Select(const Select&) = delete;
  Select& operator=(const Select&) = delete;

  std::vector<std::string> Columns() const {
    std::vector<std::string> names;
    for (int i = 0; i < sqlite3_column_count(statement_.get()); ++i)
      names.emplace_back(sqlite3_column_name(statement_.get(), i));
    return names;
  }

  // Reads the next row into `row`; false when there is none.
  bool Next(std::vector<Json>& row) {
    const int code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW) RequireEnd(code);
    row.resize(code == SQLITE_ROW ? static_cast<size_t>(sqlite3_column_count(statement_.get()))
                                  : 0);
    for (size_t i = 0; i < row.size(); ++i) row[i] = ValueOf(statement_.get(), static_cast<int>(i));
    return code == SQLITE_ROW;
  }

 private:
  void RequireEnd(int code) const {
    if (code == SQLITE_INTERRUPT)
      Fail(ErrorKind::kUsage, "query: ended after {:.0f} s; narrow it", timeout_);
    if ((code & 0xff) == SQLITE_AUTH) RefuseWriting(db_.get());  // VACUUM INTO asks when it runs
    const char* message = sqlite3_errmsg(db_.get());
    if ((code & 0xff) == SQLITE_ERROR || (code & 0xff) == SQLITE_TOOBIG)
      Fail(ErrorKind::kUsage, "query: {}", message);
    if (code != SQLITE_DONE) FailSqlite(code, db_.path().string(), message, "read");
  }

  Database& db_;
  double timeout_;   // seconds
  double deadline_;  // on the monotonic clock
  StatementPtr statement_;
};

}  // namespace

ResultsReader::ResultsReader(const Home& home, const ResultsOptions& options) : home_(home) {
  ReadableDatabase opened = OpenForReading(home, options);
  db_ = std::move(opened.database);
  snapshot_age_ = opened.snapshot_age;
  db_->Scalar("PRAGMA query_only = ON");
  sqlite3_set_authorizer(db_->get(), AllowReading, nullptr);
}

ResultsReader::~ResultsReader() = default;
ResultsReader::ResultsReader(ResultsReader&&) noexcept = default;

Table ResultsReader::Query(const std::string& sql, const std::vector<Json>& bindings,
                           size_t row_limit, double timeout_seconds) const {
  Select select(*db_, sql, bindings, timeout_seconds);
  Table table;
  table.columns = select.Columns();
  for (std::vector<Json> row; select.Next(row);) {
    if (table.rows.size() == row_limit) {
      table.truncated = true;
      break;
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

void ResultsReader::ForEach(const std::string& sql, const std::vector<Json>& bindings,
                            const std::function<void(const std::vector<Json>&)>& use) const {
  Select select(*db_, sql, bindings, std::numeric_limits<double>::infinity());
  for (std::vector<Json> row; select.Next(row);) use(row);
}

std::vector<StageStatus> ResultsReader::Statuses(const std::vector<std::string>& stages) const {
  return ReadStatuses(*db_, stages);
}

std::vector<CostSample> ResultsReader::Costs() const { return ReadCosts(*db_); }

}  // namespace zerosweep
