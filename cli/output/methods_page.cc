#include "cli/output/methods_page.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/text.h"
#include "cli/output/catalogue_tables.h"
#include "sweeps/values/methods.h"
#include "sweeps/values/parameters.h"
#include "sweeps/values/protocols.h"

namespace zerosweep {
namespace {

constexpr const char* kPreface = R"(# Methods

Printed by `zerosweep methods --markdown` from what the stage program declares; a test compares the two. After a change:
`build/bin/zerosweep methods --markdown > docs/methods.md`.

A parameter's value is the first of: what the sweep gives, what the recipe sets, the variant's, the profile's, the
default. `profile` names an iteration budget (`paper`, `fast`, `smoke`). `variant` decides where paper and released code
disagree (`paper`, `code`) or where both are broken (`fixed`). An empty cell under a profile or variant means the default.

`Refused where` lists the trials that a method cannot run: `plan` and everything that runs refuses them before any work. `param` is a parameter of the
method or of its stage, `protocol` a field below, `model` a fact of the network, `trial.side` the side of its images in pixels, `trial.a_bits` the
width of activations, `trial.labelled` whether the images were made for classes.
)";

// A row of a Markdown table. Bars and line breaks inside a cell would end it, so they are replaced.
std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) {
    row += ' ';
    for (const char c : cell) {
      if (c == '|') row += '\\';
      row += c == '\n' ? ' ' : c;
    }
    row += cell.empty() ? "|" : " |";
  }
  return row + "\n";
}

std::string Headings(const std::vector<std::string>& titles) {
  return Row(titles) + Row(std::vector<std::string>(titles.size(), "---"));
}

std::string Value(const Json& value) { return "`" + Shown(value) + "`"; }

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text.ends_with('.') ? text : text + ".";
}

// Default values per profile or variant, as columns; no columns where no parameter declares any.
struct Layer {
  std::map<std::string, Json> ParamSpec::*values;
  const char* title;                      // "profile"
  const std::vector<std::string>& names;  // "paper", "fast", "smoke"

  bool In(const std::vector<ParamSpec>& params) const {
    return std::any_of(params.begin(), params.end(),
                       [&](const ParamSpec& param) { return !(param.*values).empty(); });
  }
};
const std::vector<Layer>& Layers() {
  static const std::vector<Layer> kLayers = {{&ParamSpec::profiles, "profile", kProfiles},
                                             {&ParamSpec::variants, "variant", kVariants}};
  return kLayers;
}

std::string ParameterTable(const std::vector<ParamSpec>& params) {
  if (params.empty()) return "No parameters.\n";
  std::vector<std::string> titles = {"parameter", "type", "default"};
  for (const Layer& layer : Layers()) {
    if (!layer.In(params)) continue;
    for (const std::string& name : layer.names) {
      titles.push_back(fmt::format("{} {}", layer.title, name));
    }
  }
  titles.insert(titles.end(), {"unit", "allowed", "meaning", "source"});
  std::string table = Headings(titles);
  for (const ParamSpec& param : params) {
    std::vector<std::string> cells = {Value(param.name), ToString(param.type),
                                      Value(param.default_value)};
    for (const Layer& layer : Layers()) {
      if (!layer.In(params)) continue;
      const auto& declared = param.*layer.values;
      for (const std::string& name : layer.names) {
        cells.push_back(declared.contains(name) ? Value(declared.at(name)) : "");
      }
    }
    cells.insert(cells.end(), {param.unit, AllowedValues(param), param.meaning, param.source});
    table += Row(cells);
  }
  return table;
}

// "Paper: …. Revision 1, uses the seed, needs real_data."
std::string Facts(const Declaration& entry) {
  std::vector<std::string> facts = {fmt::format("Revision {}", entry.revision)};
  if (entry.uses_seed) facts.emplace_back("uses the seed");
  for (const std::string& need : entry.needs) facts.push_back("needs " + Value(need));
  if (const auto* method = std::get_if<MethodFacts>(&entry.facts)) {
    if (method->joint) facts.emplace_back("makes its own images");
    if (method->groups) facts.emplace_back("runs on several ranks");
  }
  return (entry.paper.empty() ? "" : "Paper: " + entry.paper + ". ") + Join(facts, ", ") + ".\n";
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
    text += "- " + Join(conditions, " and ") + "\n";
  }
  return text;
}

std::string Section(const std::string& title, const std::vector<Declaration>& entries) {
  if (entries.empty()) return "";
  std::string text = fmt::format("\n## {}\n", title);
  for (const Declaration& entry : entries) {
    text += fmt::format("\n### {}\n\n{}\n\n{}{}\n{}", entry.name, Capitalised(entry.summary),
                        Facts(entry), Limits(entry), ParameterTable(entry.params));
  }
  return text;
}

// The parameters that the recipe sets, in place of its parts' declared values.
std::string RecipeSettings(const Recipe& recipe) {
  std::string rows;
  for (const Role role : recipe.Roles()) {
    const RecipePart& part = recipe.Part(role);
    for (const auto& [name, value] : part.params.items()) {
      rows +=
          Row({fmt::format("{} {}", ToString(role), part.name), "`" + name + "`", Value(value)});
    }
  }
  if (rows.empty()) return "Sets no parameter: its parts' own values hold.\n";
  return Headings({"part", "parameter", "value"}) + rows;
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
  std::string text = Join(parts, ", ");
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string Recipes(const Catalogue& catalogue) {
  std::string text =
      "\n## Recipes\n\nA synthesizer and a quantizer, or a quantizer that makes its own images, as "
      "a "
      "paper puts them together; "
      "`zerosweep recipes NAME` shows every value.\n";
  for (const Recipe& recipe : catalogue.recipes()) {
    text += fmt::format("\n### {}\n\n{}\n\n{}{}, protocol {}, variant `{}`.\n\n{}", recipe.name,
                        Capitalised(recipe.summary),
                        recipe.paper.empty() ? "" : "Paper: " + recipe.paper + ". ", Parts(recipe),
                        ProtocolsOf(recipe, catalogue), recipe.variant, RecipeSettings(recipe));
  }
  return text;
}

std::string ProtocolTable(const Catalogue& catalogue) {
  const auto& presets = catalogue.protocol().presets;
  std::vector<std::string> titles = {"field", "default"};
  for (const auto& [preset, values] : presets) titles.push_back("preset " + preset);
  titles.insert(titles.end(), {"allowed", "stages", "meaning"});
  std::string text =
      "\n## Protocol fields\n\nWhat makes two numbers comparable; stored with every trial. "
      "`protocol: NAME` takes a preset, `protocol: {preset: NAME, first_w: 4}` changes it. An "
      "empty cell under a preset means the default.\n\n" +
      Headings(titles);
  for (const auto& [param, stages] : catalogue.protocol().fields) {
    std::vector<std::string> cells = {"`" + param.name + "`", Value(param.default_value)};
    for (const auto& [preset, values] : presets)
      cells.push_back(values.contains(param.name) ? Value(values[param.name]) : "");
    cells.insert(cells.end(), {AllowedValues(param), Join(stages, ", "), param.meaning});
    text += Row(cells);
  }
  return text;
}

}  // namespace

std::string MethodsPage(const Catalogue& catalogue) {
  return kPreface + Recipes(catalogue) + Section("Synthesizers", catalogue.Of(Role::kSynthesizer)) +
         Section("Quantizers", catalogue.Of(Role::kQuantizer)) +
         Section("Stage kinds", catalogue.Of(Role::kKind)) + ProtocolTable(catalogue);
}

}  // namespace zerosweep
