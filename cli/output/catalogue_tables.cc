#include "cli/output/catalogue_tables.h"

#include <algorithm>

#include "base/text.h"
#include "cli/output/table.h"

namespace zerosweep {
namespace {

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

// The notes after a parameter's meaning: its range, choices, other defaults and source.
std::string Notes(const ParamSpec& param) {
  std::vector<std::string> notes;
  if (const std::string allowed = AllowedValues(param); !allowed.empty()) notes.push_back(allowed);
  for (const auto* layer : {&param.profiles, &param.variants}) {
    for (const auto& [name, value] : *layer) {
      if (value != param.default_value) notes.push_back(fmt::format("{}: {}", name, Shown(value)));
    }
  }
  if (!param.source.empty()) notes.push_back(param.source);
  return notes.empty() ? "" : " (" + Join(notes, "; ") + ")";
}

}  // namespace

std::string Shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string AllowedValues(const ParamSpec& param) {
  if (param.type == ParamType::kBits) return "2 to 8, 32 or `same`";
  if (!param.choices.empty())
    return (param.choices.size() > 1 ? "one of " : "only ") + Join(param.choices, ", ");
  // Prints an integer's limit without ".0".
  if (param.min && param.max) return fmt::format("{:g} to {:g}", *param.min, *param.max);
  if (param.min) return fmt::format("at least {:g}", *param.min);
  if (param.max) return fmt::format("at most {:g}", *param.max);
  return "";
}

const std::vector<std::string>& ParameterColumns() {
  static const std::vector<std::string> kColumns = {"parameter", "type",    "default", "unit",
                                                    "min",       "max",     "choices", "profiles",
                                                    "variants",  "meaning", "source"};
  return kColumns;
}

std::vector<Json> ParameterCells(const ParamSpec& param) {
  return {param.name,
          ToString(param.type),
          param.default_value == "" ? Json() : param.default_value,
          OrNull(param.unit),
          OrNull(param.min),
          OrNull(param.max),
          OrNull(param.choices),
          OrNull(param.profiles),
          OrNull(param.variants),
          OrNull(param.meaning),
          OrNull(param.source)};
}

void PrintEntry(Role role, const Declaration& entry) {
  fmt::print("{} {}: {}{}\n", ToString(role), entry.name, entry.summary,
             entry.paper.empty() ? "" : fmt::format(" [{}]", entry.paper));
  size_t name_width = 0, default_width = 0;
  std::vector<std::string> defaults;
  for (const ParamSpec& param : entry.params) {
    defaults.push_back(Shown(param.default_value) + (param.unit.empty() ? "" : " " + param.unit));
    name_width = std::max(name_width, param.name.size());
    default_width = std::max(default_width, defaults.back().size());
  }
  for (size_t i = 0; i < defaults.size(); ++i) {
    const ParamSpec& param = entry.params[i];
    fmt::print("  {:{}}  {:6}  {:{}}  {}{}\n", param.name, name_width, ToString(param.type),
               defaults[i], default_width, param.meaning, Notes(param));
  }
}

}  // namespace zerosweep
