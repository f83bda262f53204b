// `--sort COLUMN[,COLUMN]…`: the order of a table's rows.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "storage/results/results.h"

namespace zerosweep {

// Returns the indices of the rows in their new order. `words` names columns in order of precedence;
// "-" before a column sorts it from high to low: "w_bits,-top1_mean". Numbers come before text,
// missing values last in either direction; equal rows keep their order. Throws kUsage for a column
// that the table lacks, naming those that it has.
std::vector<size_t> RowOrder(const Table& table, const std::string& words);

// The elements that belong to the rows of the table, in that order.
template <typename Row>
std::vector<Row> Reordered(const std::vector<Row>& rows, const std::vector<size_t>& order) {
  std::vector<Row> result;
  result.reserve(order.size());
  for (const size_t place : order) result.push_back(rows.at(place));
  return result;
}

// The runs of consecutive rows with the same key. REQUIRES: `rows` outlives the result.
template <typename Row, typename KeyOf>
std::vector<std::span<const Row>> Runs(const std::vector<Row>& rows, KeyOf key_of) {
  std::vector<std::span<const Row>> runs;
  for (auto begin = rows.begin(), end = begin; begin != rows.end(); begin = end) {
    end = std::find_if(begin, rows.end(),
                       [&](const Row& row) { return key_of(row) != key_of(*begin); });
    runs.emplace_back(begin, end);
  }
  return runs;
}

// Puts rows with the same key together, in the order of the first of each.
template <typename Row, typename KeyOf>
std::vector<Row> GroupBy(const std::vector<Row>& rows, KeyOf key_of) {
  std::map<decltype(key_of(rows.front())), size_t> known;
  std::vector<std::vector<Row>> groups;
  for (const Row& row : rows) {
    const size_t place = known.try_emplace(key_of(row), groups.size()).first->second;
    if (place == groups.size()) groups.emplace_back();
    groups[place].push_back(row);
  }
  std::vector<Row> together;
  for (const auto& group : groups) together.insert(together.end(), group.begin(), group.end());
  return together;
}

}  // namespace zerosweep
