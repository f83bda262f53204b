#include "reports/compare/published.h"

#include <charconv>
#include <map>
#include <set>

#include "base/error.h"
#include "reports/published_csv.h"
#include "reports/text/csv.h"

namespace zerosweep {
namespace {

using Field = std::string PublishedRow::*;

const std::map<std::string, Field>& TextFields() {
  static const std::map<std::string, Field> fields = {
      {"paper", &PublishedRow::paper},       {"paper_title", &PublishedRow::title},
      {"table", &PublishedRow::table},       {"method", &PublishedRow::method},
      {"recipe", &PublishedRow::recipe},     {"dataset", &PublishedRow::dataset},
      {"arch", &PublishedRow::arch},         {"model_as_printed", &PublishedRow::model_as_printed},
      {"w_bits", &PublishedRow::w_bits},     {"a_bits", &PublishedRow::a_bits},
      {"metric", &PublishedRow::metric},     {"preset", &PublishedRow::preset},
      {"stem_out", &PublishedRow::stem_out}, {"checkpoint", &PublishedRow::checkpoint},
      {"pick", &PublishedRow::pick},         {"needs_real_data", &PublishedRow::needs_real_data},
      {"training", &PublishedRow::training}, {"confidence", &PublishedRow::confidence},
      {"source", &PublishedRow::source}};
  return fields;
}

double NumberOf(const std::string& text, size_t row, const std::string& column) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    Fail(ErrorKind::kUsage, "row {}: {} is '{}', must be a number", row, column, text);
  return value;
}

}  // namespace

std::vector<PublishedRow> ParsePublished(std::string_view csv) {
  static const std::set<std::string> kConfidences = {"primary", "secondary", "rerun", "recalled"};
  const auto rows = ParseCsv(csv);
  if (rows.empty()) Fail(ErrorKind::kUsage, "no header");
  const std::vector<std::string>& header = rows.front();
  std::set<std::string> missing = {"fp32", "value"};
  for (const auto& [name, field] : TextFields()) missing.insert(name);
  for (const std::string& name : header)
    if (missing.erase(name) == 0) Fail(ErrorKind::kUsage, "unknown column '{}'", name);
  if (!missing.empty()) Fail(ErrorKind::kUsage, "no column '{}'", *missing.begin());
  std::vector<PublishedRow> published;
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() != header.size())
      Fail(ErrorKind::kUsage, "row {}: {} fields, must be {}", i, rows[i].size(), header.size());
    PublishedRow& row = published.emplace_back();
    for (size_t column = 0; column < header.size(); ++column) {
      const std::string& text = rows[i][column];
      if (header[column] == "value") {
        row.value = NumberOf(text, i, "value");
      } else if (header[column] == "fp32") {
        if (!text.empty()) row.fp32 = NumberOf(text, i, "fp32");
      } else {
        row.*TextFields().at(header[column]) = text;
      }
    }
    if (!kConfidences.contains(row.confidence))
      Fail(ErrorKind::kUsage, "row {}: unknown confidence '{}'", i, row.confidence);
  }
  return published;
}

const std::vector<PublishedRow>& PublishedNumbers() {
  static const std::vector<PublishedRow> numbers = [] {
    std::string csv;
    for (const char* line : kPublishedLines) csv += std::string(line) + "\n";
    // The line end at the end of the file leaves an empty line.
    if (csv.ends_with("\n\n")) csv.pop_back();
    return ParsePublished(csv);
  }();
  return numbers;
}

std::string ArchFamily(const std::string& arch) {
  for (const char* detail : {"_a", "_b", "_tv", "_cv", "_v1_stride1x1"}) {
    const std::string ending = detail;
    if (arch.ends_with(ending)) return arch.substr(0, arch.size() - ending.size());
  }
  return arch;
}

}  // namespace zerosweep
