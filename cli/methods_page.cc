#include "cli/methods_page.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "cli/catalogue_tables.h"
#include "sweeps/methods.h"
#include "sweeps/parameters.h"
#include "sweeps/protocols.h"

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

// A row of a Markdown table. The cells' own bars and line breaks would end them.
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

std::string TextOf(const Json& param, const char* key) { return param.value(key, ""); }

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text.ends_with('.') ? text : text + ".";
}

bool AnyHas(const Json& params, const char* key) {
  return std::any_of(params.begin(), params.end(),
                     [&](const Json& param) { return param.contains(key); });
}

// Default values per profile or variant, as columns; none where no parameter declares any.
struct Layer {
  const char* key;                        // in a parameter: "profiles"
  const char* title;                      // "profile"
  const std::vector<std::string>& names;  // "paper", "fast", "smoke"
};
const std::vector<Layer>& Layers() {
  static const std::vector<Layer> kLayers = {{"profiles", "profile", kProfiles},
                                             {"variants", "variant", kVariants}};
  return kLayers;
}

std::string ParameterTable(const Json& params) {
  if (params.empty()) return "No parameters.\n";
  std::vector<std::string> titles = {"parameter", "type", "default"};
  for (const Layer& layer : Layers()) {
    if (!AnyHas(params, layer.key)) continue;
    for (const std::string& name : layer.names) {
      titles.push_back(fmt::format("{} {}", layer.title, name));
    }
  }
  titles.insert(titles.end(), {"unit", "allowed", "meaning", "source"});
  std::string table = Headings(titles);
  for (const Json& param : params) {
    std::vector<std::string> cells = {Value(param.at("name")), TextOf(param, "type"),
                                      Value(param.at("default"))};
    for (const Layer& layer : Layers()) {
      if (!AnyHas(params, layer.key)) continue;
      const Json declared = param.value(layer.key, Json::object());
      for (const std::string& name : layer.names) {
        cells.push_back(declared.contains(name) ? Value(declared[name]) : "");
      }
    }
    cells.insert(cells.end(), {TextOf(param, "unit"), AllowedValues(param),
                               TextOf(param, "meaning"), TextOf(param, "source")});
    table += Row(cells);
  }
  return table;
}

// "Paper: …. Revision 1, uses the seed, needs real_data."
std::string Facts(const Json& entry) {
  std::vector<std::string> facts = {fmt::format("Revision {}", Shown(entry.at("revision")))};
  if (entry.at("uses_seed").get<bool>()) facts.push_back("uses the seed");
  for (const Json& need : entry.at("needs")) facts.push_back("needs " + Value(need));
  if (IsJoint(entry)) facts.emplace_back("makes its own images");
  if (RunsInGroups(entry)) facts.emplace_back("runs on several ranks");
  const std::string paper = TextOf(entry, "paper");
  return (paper.empty() ? "" : "Paper: " + paper + ". ") + Join(facts, ", ") + ".\n";
}

// "`param.units` is not `blocks`, `layers`".
std::string ConditionText(const Json& condition) {
  std::string text = Value(condition.at("fact"));
  for (const auto& [relation, value] : condition.items()) {
    if (relation == "fact") continue;
    std::string words = relation;
    std::replace(words.begin(), words.end(), '_', ' ');
    std::vector<std::string> values;
    if (!value.is_array()) values.push_back(Value(value.is_object() ? value.at("fact") : value));
    for (const Json& each : value.is_array() ? value : Json::array()) values.push_back(Value(each));
    text += fmt::format(" {} {}", words, Join(values, ", "));
  }
  return text;
}

// Trials that are refused, a line each.
std::string Limits(const Json& entry) {
  const Json& limits = entry.at("limits");
  if (limits.empty()) return "";
  std::string text = "\nRefused where\n";
  for (const Json& limit : limits) {
    std::vector<std::string> conditions;
    for (const Json& condition : limit.at("when")) conditions.push_back(ConditionText(condition));
    text += "- " + Join(conditions, " and ") + "\n";
  }
  return text;
}

std::string Section(const std::string& title, const Json& entries) {
  if (entries.empty()) return "";
  std::string text = fmt::format("\n## {}\n", title);
  for (const Json& entry : entries) {
    text += fmt::format("\n### {}\n\n{}\n\n{}{}\n{}", Shown(entry.at("name")),
                        Capitalised(TextOf(entry, "summary")), Facts(entry), Limits(entry),
                        ParameterTable(entry.at("params")));
  }
  return text;
}

// What the recipe sets over the declarations of its parts.
std::string RecipeSettings(const Json& recipe) {
  std::string rows;
  for (const std::string& role : RolesOf(recipe)) {
    for (const auto& [name, value] : recipe.at(role).at("params").items()) {
      rows += Row({fmt::format("{} {}", role, Shown(recipe.at(role).at("name"))), "`" + name + "`",
                   Value(value)});
    }
  }
  if (rows.empty()) return "Sets no parameter: its parts' own values hold.\n";
  return Headings({"part", "parameter", "value"}) + rows;
}

// "`qdrop` (variant `paper`: `pd_quant`)".
std::string ProtocolsOf(const Json& recipe, const Catalogue& catalogue) {
  const RecipeProtocol protocol = RecipeProtocolFromJson(recipe.at("protocol"));
  const auto label = [&](const ProtocolChoice& choice) {
    return "`" + ResolveProtocol(choice, catalogue).label + "`";
  };
  std::vector<std::string> others;
  for (const auto& [variant, choice] : protocol.variants)
    others.push_back(fmt::format("variant `{}`: {}", variant, label(choice)));
  return label(protocol.usual) + (others.empty() ? "" : " (" + Join(others, ", ") + ")");
}

// "Synthesizer `zeroq`, quantizer `minmax`".
std::string Parts(const Json& recipe) {
  std::vector<std::string> parts;
  for (const std::string& role : RolesOf(recipe))
    parts.push_back(role + " " + Value(recipe.at(role).at("name")));
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
  for (const Json& recipe : catalogue.recipes()) {
    const std::string protocol = ProtocolsOf(recipe, catalogue);
    const std::string paper = TextOf(recipe, "paper");
    text += fmt::format("\n### {}\n\n{}\n\n{}{}, protocol {}, variant `{}`.\n\n{}",
                        Shown(recipe.at("name")), Capitalised(TextOf(recipe, "summary")),
                        paper.empty() ? "" : "Paper: " + paper + ". ", Parts(recipe), protocol,
                        TextOf(recipe, "variant"), RecipeSettings(recipe));
  }
  return text;
}

std::string ProtocolFields(const Catalogue& catalogue) {
  const Json& presets = catalogue.protocol().at("presets");
  std::vector<std::string> titles = {"field", "default"};
  for (const auto& [preset, values] : presets.items()) titles.push_back("preset " + preset);
  titles.insert(titles.end(), {"allowed", "stages", "meaning"});
  std::string text =
      "\n## Protocol fields\n\nWhat makes two numbers comparable; stored with every trial. "
      "`protocol: NAME` takes a preset, `protocol: {preset: NAME, first_w: 4}` changes it. An "
      "empty cell under a preset means the default.\n\n" +
      Headings(titles);
  for (const Json& field : catalogue.protocol().at("fields")) {
    const std::string name = field.at("name");
    std::vector<std::string> cells = {"`" + name + "`", Value(field.at("default"))};
    for (const auto& [preset, values] : presets.items()) {
      cells.push_back(values.contains(name) ? Value(values[name]) : "");
    }
    const std::string allowed =
        field.at("type") == "bits" ? "2 to 8, 32 or `same`" : AllowedValues(field);
    cells.insert(cells.end(),
                 {allowed, Join(field.at("stages").get<std::vector<std::string>>(), ", "),
                  TextOf(field, "meaning")});
    text += Row(cells);
  }
  return text;
}

}  // namespace

std::string MethodsPage(const Catalogue& catalogue) {
  const Json& json = catalogue.json();
  return kPreface + Recipes(catalogue) + Section("Synthesizers", json.at("synthesizers")) +
         Section("Quantizers", json.at("quantizers")) + Section("Trainers", json.at("trainers")) +
         Section("Stage kinds", json.at("kinds")) + ProtocolFields(catalogue);
}

}  // namespace zerosweep
