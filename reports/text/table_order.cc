#include "reports/text/table_order.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

struct Key {
  size_t column = 0;
  bool descending = false;
};

Key ParseKey(const Table& table, std::string word) {
  Key key;
  if (word.starts_with('-')) {
    key.descending = true;
    word.erase(0, 1);
  }
  const auto found = std::find(table.columns.begin(), table.columns.end(), word);
  if (found == table.columns.end())
    Fail(ErrorKind::kUsage, "--sort: there is no column '{}'; columns are {}", word,
         Join(table.columns, ", "));
  key.column = static_cast<size_t>(found - table.columns.begin());
  return key;
}

std::vector<Key> ParseKeys(const Table& table, const std::string& words) {
  std::vector<Key> keys;
  for (size_t at = 0; at <= words.size();) {
    const size_t end = std::min(words.find(',', at), words.size());
    keys.push_back(ParseKey(table, words.substr(at, end - at)));
    at = end + 1;
  }
  return keys;
}

// Whether `a` comes before `b`.
bool Before(const Json& a, const Json& b, bool descending) {
  if (a.is_null() || b.is_null()) return !a.is_null() && b.is_null();
  return descending ? b < a : a < b;  // Json orders numbers by value, then lists, then text
}

}  // namespace

std::vector<size_t> RowOrder(const Table& table, const std::string& words) {
  const std::vector<Key> keys = ParseKeys(table, words);
  std::vector<size_t> order(table.rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    for (const auto& [column, descending] : keys) {
      const Json &left = table.rows[a].at(column), &right = table.rows[b].at(column);
      if (Before(left, right, descending)) return true;
      if (Before(right, left, descending)) return false;
    }
    return false;
  });
  return order;
}

}  // namespace zerosweep
