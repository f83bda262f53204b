#include "cli/output/methods_page.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/text.h"
#include "cli/output/catalogue_tables.h"
#include "cli/output/markdown.h"
#include "cli/pages.h"
#include "sweeps/values/parameters.h"
#include "sweeps/values/protocols.h"

namespace zerosweep {
namespace {

std::string Value(const Json& value) { return "`" + Shown(value) + "`"; }

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string Sentence(const std::string& text) {
  return MarkdownLines(Capitalised(text) + (text.ends_with('.') ? "" : "."));
}

// Default values per profile or variant, as columns.
struct Layer {
  std::map<std::string, Json> ParamSpec::*values;
  const char* title;                      // "profile"
  const std::vector<std::string>& names;  // "paper", "fast", "smoke"
};
const std::vector<Layer>& Layers() {
  static const std::vector<Layer> kLayers = {{&ParamSpec::profiles, "profile", kProfiles},
                                             {&ParamSpec::variants, "variant", kVariants}};
  return kLayers;
}

// A parameter, and which of its cells a table shows.
struct ShownParam {
  ParamSpec param;
  bool meaning = true;  // type, unit, allowed values and meaning
  bool values = true;   // default, profiles, variants and source
};

// A table of parameters without columns that hold nothing.
std::string ParameterTable(const std::vector<ShownParam>& params) {
  std::vector<std::string> titles = {"parameter", "type", "default"};
  for (const Layer& layer : Layers())
    for (const std::string& name : layer.names)
      titles.push_back(fmt::format("{} {}", layer.title, name));
  titles.insert(titles.end(), {"unit", "allowed", "meaning", "source"});
  std::vector<std::vector<std::string>> rows;
  for (const auto& [param, meaning, values] : params) {
    const auto cell = [](bool shown, const std::string& text) { return shown ? text : ""; };
    std::vector<std::string>& cells = rows.emplace_back();
    cells = {Value(param.name), cell(meaning, ToString(param.type)),
             cell(values, Value(param.default_value))};
    for (const Layer& layer : Layers()) {
      const auto& declared = param.*layer.values;
      for (const std::string& name : layer.names) {
        const bool has = values && declared.contains(name);
        cells.push_back(has ? Value(declared.at(name)) : "");
      }
    }
    cells.insert(cells.end(), {cell(meaning, param.unit), cell(meaning, AllowedValues(param)),
                               cell(meaning, param.meaning), cell(values, param.source)});
  }
  for (size_t c = titles.size(); c-- > 0;) {
    const auto empty = [c](const auto& row) { return row[c].empty(); };
    if (!std::all_of(rows.begin(), rows.end(), empty)) continue;
    titles.erase(titles.begin() + static_cast<std::ptrdiff_t>(c));
    for (auto& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(c));
  }
  std::string table = MarkdownHeadings(titles);
  for (const auto& row : rows) table += MarkdownRow(row);
  return table;
}

// Parameters that several entries declare with one meaning, which is printed once. Where their
// values are the same as well, so are those; otherwise each entry has its own.
class SharedParams {
 public:
  explicit SharedParams(const std::vector<Declaration>& entries) {
    std::map<std::string, std::vector<std::string>> owners;  // by meaning
    std::map<std::string, std::set<std::string>> rows;       // whole, by meaning
    for (const Declaration& entry : entries) {
      for (const ParamSpec& param : entry.params) {
        owners[MeaningOf(param)].push_back(entry.name);
        rows[MeaningOf(param)].insert(ParameterTable({ShownParam{param}}));
      }
    }
    std::map<std::vector<std::string>, size_t> sizes;
    for (const auto& [meaning, names] : owners) ++sizes[names];
    for (const auto& [meaning, names] : owners)
      if (names.size() > 1 && sizes[names] >= kFewest)
        group_of_[meaning] = {Join(names, ", "), rows[meaning].size() == 1};
    for (const Declaration& entry : entries)
      for (const ParamSpec& param : entry.params) Add(param);
  }

  // The groups, each under a heading.
  std::string Text() const {
    std::string text;
    for (const auto& [names, params] : groups_)
      text += fmt::format("\n### {}\n\n{}", Title(names), ParameterTable(params));
    return text;
  }

  // The parameters of an entry: links to its groups, and a table of what is its own.
  std::string Of(const Declaration& entry) const {
    if (entry.params.empty()) return "No parameters.\n";
    std::vector<ShownParam> own, values;  // `values`: own values of parameters of a group
    std::map<std::string, std::vector<std::string>> shared;  // names by group
    for (const ParamSpec& param : entry.params) {
      const auto found = group_of_.find(MeaningOf(param));
      const bool in_group = found != group_of_.end();
      if (in_group) shared[found->second.names].push_back("`" + param.name + "`");
      if (!in_group) own.push_back({param});
      if (in_group && !found->second.same_values) values.push_back({param, /*meaning=*/false});
    }
    std::string text = shared.empty() ? "" : "Shared parameters:\n\n";
    for (const auto& [names, params] : shared)
      text += MarkdownLines(
          fmt::format("- [{}](#{}): {}", Title(names), Anchor(Title(names)), Join(params, ", ")),
          "  ");
    for (const auto& table : {values, own})
      if (!table.empty()) text += (text.empty() ? "" : "\n") + ParameterTable(table);
    return text;
  }

 private:
  static constexpr size_t kFewest = 2;  // parameters of a group
  struct Group {
    std::string names;  // "gdfq, qimera"
    bool same_values = false;
  };

  static std::string MeaningOf(const ParamSpec& param) {
    return ParameterTable({ShownParam{.param = param, .values = false}});
  }
  static std::string Title(const std::string& names) { return "Shared by " + names; }
  // As GitHub makes it of a heading.
  static std::string Anchor(const std::string& title) {
    std::string anchor;
    for (const char c : title) {
      if (c == ' ') anchor += '-';
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_')
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return anchor;
  }

  void Add(const ParamSpec& param) {
    const auto found = group_of_.find(MeaningOf(param));
    if (found == group_of_.end()) return;
    std::vector<ShownParam>& group = groups_[found->second.names];
    const auto same = [&](const ShownParam& known) { return known.param.name == param.name; };
    if (std::none_of(group.begin(), group.end(), same))
      group.push_back({.param = param, .values = found->second.same_values});
  }

  std::map<std::string, Group> group_of_;                  // by meaning
  std::map<std::string, std::vector<ShownParam>> groups_;  // by the names of who shares them
};

// "Paper: …. Revision 1, uses the seed, needs real_data."
std::string Facts(const Declaration& entry) {
  std::vector<std::string> facts = {fmt::format("Revision {}", entry.revision)};
  if (entry.uses_seed) facts.emplace_back("uses the seed");
  for (const std::string& need : entry.needs) facts.push_back("needs " + Value(need));
  if (const auto* method = std::get_if<MethodFacts>(&entry.facts)) {
    if (method->joint) facts.emplace_back("makes its own images");
    if (method->groups) facts.emplace_back("runs on several ranks");
  }
  return MarkdownLines((entry.paper.empty() ? "" : "Paper: " + entry.paper + ". ") +
                       Join(facts, ", ") + ".");
}

// "`param.units` is not `blocks`, `layers`".
std::string ConditionText(const Condition& condition) {
  std::string words = condition.relation;
  std::replace(words.begin(), words.end(), '_', ' ');
  std::vector<std::string> values;
  if (const auto fact = NameOfFact(condition.value)) {
    values.push_back(Value(*fact));
  } else if (condition.value.is_array()) {
    for (const Json& each : condition.value) values.push_back(Value(each));
  } else {
    values.push_back(Value(condition.value));
  }
  return fmt::format("{} {} {}", Value(condition.fact), words, Join(values, ", "));
}

// The trials that are refused, one line each.
std::string Limits(const Declaration& entry) {
  if (entry.limits.empty()) return "";
  std::string text = "\nRefused where\n";
  for (const Limit& limit : entry.limits) {
    std::vector<std::string> conditions;
    for (const Condition& condition : limit.when) conditions.push_back(ConditionText(condition));
    text += MarkdownLines("- " + Join(conditions, " and "), "  ");
  }
  return text;
}

std::string Entries(const std::vector<Declaration>& entries) {
  const SharedParams shared(entries);
  std::string text;
  for (const Declaration& entry : entries) {
    text += fmt::format("\n### {}\n\n{}\n{}{}\n{}", entry.name, Sentence(entry.summary),
                        Facts(entry), Limits(entry), shared.Of(entry));
  }
  return text + shared.Text();
}

// The parameters that the recipe sets, in place of its parts' declared values.
std::string RecipeSettings(const Recipe& recipe) {
  std::string rows;
  for (const Role role : recipe.Roles()) {
    const RecipePart& part = recipe.Part(role);
    for (const auto& [name, value] : part.params.items()) {
      rows += MarkdownRow(
          {fmt::format("{} {}", ToString(role), part.name), "`" + name + "`", Value(value)});
    }
  }
  if (rows.empty()) return "Sets no parameter: its parts' own values hold.\n";
  return MarkdownHeadings({"part", "parameter", "value"}) + rows;
}

// "`qdrop` (variant `paper`: `pd_quant`)".
std::string ProtocolsOf(const Recipe& recipe, const Catalogue& catalogue) {
  const auto label = [&](const ProtocolChoice& choice) {
    return "`" + ResolveProtocol(choice, catalogue).label + "`";
  };
  std::vector<std::string> others;
  for (const auto& [variant, choice] : recipe.protocol.variants)
    others.push_back(fmt::format("variant `{}`: {}", variant, label(choice)));
  return label(recipe.protocol.usual) + (others.empty() ? "" : " (" + Join(others, ", ") + ")");
}

// "Synthesizer `zeroq`, quantizer `minmax`".
std::string Parts(const Recipe& recipe) {
  std::vector<std::string> parts;
  for (const Role role : recipe.Roles())
    parts.push_back(ToString(role) + (" " + Value(recipe.Part(role).name)));
  return Capitalised(Join(parts, ", "));
}

std::string Recipes(const Catalogue& catalogue) {
  std::string text;
  for (const Recipe& recipe : catalogue.recipes()) {
    const std::string parts =
        fmt::format("{}{}, protocol {}, variant `{}`.",
                    recipe.paper.empty() ? "" : "Paper: " + recipe.paper + ". ", Parts(recipe),
                    ProtocolsOf(recipe, catalogue), recipe.variant);
    text += fmt::format("\n### {}\n\n{}\n{}\n{}", recipe.name, Sentence(recipe.summary),
                        MarkdownLines(parts), RecipeSettings(recipe));
  }
  return text;
}

std::string ProtocolTable(const Catalogue& catalogue) {
  const auto& presets = catalogue.protocol().presets;
  std::vector<std::string> titles = {"field", "default"};
  for (const auto& [preset, values] : presets) titles.push_back("preset " + preset);
  titles.insert(titles.end(), {"allowed", "stages", "meaning"});
  std::string text = MarkdownHeadings(titles);
  for (const auto& [param, stages] : catalogue.protocol().fields) {
    std::vector<std::string> cells = {"`" + param.name + "`", Value(param.default_value)};
    for (const auto& [preset, values] : presets)
      cells.push_back(values.contains(param.name) ? Value(values[param.name]) : "");
    cells.insert(cells.end(), {AllowedValues(param), Join(stages, ", "), param.meaning});
    text += MarkdownRow(cells);
  }
  return text;
}

}  // namespace

std::string MethodsPage(const Catalogue& catalogue) {
  const auto entries = [&](Role role) { return Entries(catalogue.Of(role)); };
  return fmt::format(kMethodsPage, fmt::arg("recipes", Recipes(catalogue)),
                     fmt::arg("synthesizers", entries(Role::kSynthesizer)),
                     fmt::arg("quantizers", entries(Role::kQuantizer)),
                     fmt::arg("kinds", entries(Role::kKind)),
                     fmt::arg("protocol", ProtocolTable(catalogue)));
}

}  // namespace zerosweep
