#include "reports/leaderboard/filter.h"

#include <algorithm>
#include <charconv>
#include <regex>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

constexpr size_t kShortestPrefix = 6;

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> keys = {
      "trial",  "dataset", "model", "method",   "synthesizer", "quantizer", "bits",
      "w_bits", "a_bits",  "seed",  "protocol", "variant",     "state",     "form"};
  return keys;
}

double Number(const std::string& key, const std::string& value) {
  double number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc() || end != value.data() + value.size()) {
    Fail(ErrorKind::kUsage, "--where {}={}: '{}' is not a number", key, value, value);
  }
  return number;
}

// A condition on a column of the trial's configuration.
std::string OfConfiguration(const std::string& condition) {
  return " AND t.configuration_id IN (SELECT id FROM configuration WHERE " + condition + ")";
}

// The stored form of "W4A4", "wmp4a8" and "w@first8a4".
void AddBits(const std::string& value, FilterSql& sql) {
  static const std::regex kBits(R"([wW](([mM][pP])?[0-9.]+|@.+)[aA]([0-9.]+))");
  std::smatch parts;
  if (!std::regex_match(value, parts, kBits)) {
    Fail(ErrorKind::kUsage, "--where bits={}: bits are written as w4a8 or wmp4a8", value);
  }
  std::string weights = parts[1];
  if (parts[2].matched) weights.replace(0, 2, "mp");
  sql.condition += OfConfiguration("bits = ?");
  sql.bindings.emplace_back(fmt::format("w{}a{}", weights, parts[3].str()));
}

// Refuses another value than these of the key `of`.
void RequireOneOf(const std::string& of, const std::vector<std::string>& values,
                  const std::string& key, const std::string& value) {
  if (key == of && std::find(values.begin(), values.end(), value) == values.end())
    Fail(ErrorKind::kUsage, "--where: {} is '{}', must be one of {}{}", key, value,
         Join(values, ", "), Suggestion(value, values));
}

void AddTrial(const std::string& value, FilterSql& sql) {
  if (value.size() < kShortestPrefix ||
      value.find_first_not_of("0123456789abcdef") != std::string::npos) {
    Fail(ErrorKind::kUsage, "--where trial={}: give at least {} hex characters of its id", value,
         kShortestPrefix);
  }
  sql.condition += " AND substr(t.name, 1, ?) = ?";
  sql.bindings.emplace_back(value.size());
  sql.bindings.emplace_back(value);
}

}  // namespace

Filter ParseFilter(const std::string& text) {
  Filter filter;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    at = end + 1;
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    if (equals == std::string::npos) {
      Fail(ErrorKind::kUsage, "--where '{}': write key=value, separated by commas", part);
    }
    if (std::find(Keys().begin(), Keys().end(), key) == Keys().end()) {
      Fail(ErrorKind::kUsage, "--where: unknown key '{}'{}", key, Suggestion(key, Keys()));
    }
    const std::string value = part.substr(equals + 1);
    if (!filter.emplace(key, value).second)
      Fail(ErrorKind::kUsage, "--where: '{}' is given twice", key);
    RequireOneOf("state", {"open", "done", "failed", "cancelled"}, key, value);
    RequireOneOf("form", {"paper", "exported"}, key, value);
  }
  return filter;
}

FilterSql ToSql(const std::string& sweep, const Filter& filter) {
  FilterSql sql{"1", {}};
  if (!sweep.empty()) {
    sql.condition +=
        " AND t.id IN (SELECT st.trial_id FROM sweep_trial st JOIN sweep s ON s.id = st.sweep_id "
        "WHERE s.name = ?)";
    sql.bindings.emplace_back(sweep);
  }
  for (const auto& [key, value] : filter) {
    if (key == "bits") {
      AddBits(value, sql);
    } else if (key == "trial") {
      AddTrial(value, sql);
    } else if (key == "form") {
      sql.condition += OfConfiguration(std::string(kFormSql) + " = ?");
      sql.bindings.emplace_back(value);
    } else {
      const bool of_trial = key == "seed" || key == "state";
      sql.condition += of_trial ? " AND t." + key + " = ?" : OfConfiguration(key + " = ?");
      const bool numeric = key == "w_bits" || key == "a_bits" || key == "seed";
      sql.bindings.push_back(numeric ? Json(Number(key, value)) : Json(value));
    }
  }
  return sql;
}

void RequireSweep(const ResultsReader& reader, const std::string& sweep) {
  if (sweep.empty()) return;
  std::vector<std::string> names;
  for (const auto& row : reader.Query("SELECT name FROM sweep ORDER BY updated DESC").rows) {
    names.push_back(row[0].get<std::string>());
  }
  if (std::find(names.begin(), names.end(), sweep) != names.end()) return;
  if (names.empty()) Fail(ErrorKind::kUsage, "no sweep '{}': the home holds none yet", sweep);
  const bool file = sweep.ends_with(".yaml") || sweep.ends_with(".yml");
  Fail(ErrorKind::kUsage, "no sweep '{}' in this home{}{}", sweep,
       file ? ", and no such file here" : "", Suggestion(sweep, names));
}

}  // namespace zerosweep
