#include "cli/catalogue_tables.h"

#include <algorithm>

#include "base/text.h"

namespace zerosweep {
namespace {

Json Cell(const Json& param, const char* key) {
  const auto found = param.find(key);
  return found == param.end() || *found == "" ? Json() : *found;
}

// What follows a parameter's meaning: its range, choices, other defaults and source.
std::string Notes(const Json& param) {
  std::vector<std::string> notes;
  if (const std::string allowed = AllowedValues(param); !allowed.empty()) notes.push_back(allowed);
  for (const char* layer : {"profiles", "variants"}) {
    if (!param.contains(layer)) continue;
    for (const auto& [name, value] : param[layer].items()) {
      if (value != param["default"]) notes.push_back(fmt::format("{}: {}", name, Shown(value)));
    }
  }
  if (const Json source = Cell(param, "source"); source.is_string()) notes.push_back(source);
  return notes.empty() ? "" : " (" + Join(notes, "; ") + ")";
}

}  // namespace

std::string Shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string AllowedValues(const Json& param) {
  if (param.contains("choices")) {
    const auto choices = param["choices"].get<std::vector<std::string>>();
    return (choices.size() > 1 ? "one of " : "only ") + Join(choices, ", ");
  }
  const bool min = param.contains("min"), max = param.contains("max");
  const auto number = [&](const char* key) {
    return fmt::format("{:g}", param[key].get<double>());  // an integer's limit without ".0"
  };
  if (min && max) return fmt::format("{} to {}", number("min"), number("max"));
  if (min) return "at least " + number("min");
  if (max) return "at most " + number("max");
  return "";
}

const std::vector<std::string>& ParameterColumns() {
  static const std::vector<std::string> kColumns = {"parameter", "type",    "default", "unit",
                                                    "min",       "max",     "choices", "profiles",
                                                    "variants",  "meaning", "source"};
  return kColumns;
}

std::vector<Json> ParameterCells(const Json& param) {
  std::vector<Json> cells = {param.at("name")};
  for (size_t i = 1; i < ParameterColumns().size(); ++i) {
    cells.push_back(Cell(param, ParameterColumns()[i].c_str()));
  }
  return cells;
}

void PrintEntry(const std::string& heading, const Json& entry) {
  const std::string paper = entry.value("paper", "");
  fmt::print("{}: {}{}\n", heading, entry.value("summary", ""),
             paper.empty() ? "" : fmt::format(" [{}]", paper));
  size_t name_width = 0, default_width = 0;
  std::vector<std::string> defaults;
  for (const Json& param : entry.at("params")) {
    const Json unit = Cell(param, "unit");
    defaults.push_back(Shown(param.at("default")) + (unit.is_null() ? "" : " " + Shown(unit)));
    name_width = std::max(name_width, param.at("name").get_ref<const std::string&>().size());
    default_width = std::max(default_width, defaults.back().size());
  }
  for (size_t i = 0; i < defaults.size(); ++i) {
    const Json& param = entry["params"][i];
    fmt::print("  {:{}}  {:6}  {:{}}  {}{}\n", param.at("name").get<std::string>(), name_width,
               param.at("type").get<std::string>(), defaults[i], default_width,
               param.value("meaning", ""), Notes(param));
  }
}

}  // namespace zerosweep
