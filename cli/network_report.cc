#include "cli/network_report.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "contract/limits.h"
#include "sweeps/values/methods.h"
#include "sweeps/values/parameters.h"
#include "sweeps/values/protocols.h"

namespace zerosweep {
namespace {

// "3 × 224 × 224"
std::string Shape(const Json& shape) {
  std::vector<std::string> numbers;
  for (const Json& number : shape) numbers.push_back(number.dump());
  return Join(numbers, " × ");
}

// The first of them; `--format json` lists all.
std::string Some(const std::vector<std::string>& names) {
  constexpr size_t kShown = 4;
  const std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size())));
  return Join(shown, ", ") + (names.size() > kShown ? ", …" : "");
}

std::string Count(double number) {
  if (number >= 1e9) return fmt::format("{:.2f} G", number / 1e9);
  if (number >= 1e6) return fmt::format("{:.2f} M", number / 1e6);
  return fmt::format("{:.0f}", number);
}

std::optional<std::string> RefusalOf(const Recipe& recipe, const ModelFacts& facts,
                                     const Catalogue& catalogue) {
  ProtocolChoice protocol = recipe.protocol.Of(recipe.variant);
  protocol.changed["act_placement"] = "op_input";  // the default for such networks
  const Json fields = ResolveProtocol(protocol, catalogue).fields;
  const Json model = ToJson(facts);
  const Json trial = {{"side", facts.input_shape[1]}, {"a_bits", 8}};
  for (const Role role : recipe.Roles()) {
    const RecipePart& part = recipe.Part(role);
    const Declaration& declaration = catalogue.Get(role, part.name, recipe.name);
    Json params = Json::object();
    for (const Declaration* taken : DeclarationsOf(declaration, role, catalogue))
      params.update(ResolveParams(*taken, Json::object(), part.params, "paper", recipe.variant));
    const auto refusal =
        Refusal(declaration.limits,
                {{"param", &params}, {"protocol", &fields}, {"model", &model}, {"trial", &trial}});
    if (refusal) return *refusal;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> LinesAbout(const Json& report, const Catalogue& catalogue) {
  const ModelFacts facts = ModelFactsFromJson(report.at("facts"));
  std::vector<std::string> outputs;
  for (const Json& output : report.at("outputs"))
    outputs.push_back(fmt::format("{} of {}", ShownBytes(output.at("name").get<std::string>()),
                                  Shape(output.at("shape"))));
  std::vector<std::string> lines = {
      fmt::format("{}; images of {}; {}", report.at("format").get<std::string>(),
                  Shape(facts.input_shape), Join(outputs, ", ")),
      fmt::format("{} parameters, {} multiply-adds, {} batch norms",
                  Count(static_cast<double>(facts.parameters)),
                  Count(static_cast<double>(facts.macs)), facts.batch_norms)};
  for (const std::string note : report.at("notes")) lines.push_back(note);
  for (const auto& [placement, names] : report.at("unquantized").items())
    if (!names.empty())
      lines.push_back(
          fmt::format("with act_placement {}, the inputs of {} layers are not quantized: {}",
                      placement, names.size(), Some(names)));
  std::vector<std::string> fit;
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const Recipe& recipe : catalogue.recipes()) {
    const auto refusal = RefusalOf(recipe, facts, catalogue);
    (refusal ? by_reason[*refusal] : fit).push_back(recipe.name);
  }
  const std::string no_onnx = report.at("no_onnx");
  lines.push_back(no_onnx.empty() ? "quantized, it can be written as ONNX and .safetensors"
                                  : "quantized, it can be written as .safetensors; " + no_onnx);
  lines.push_back("recipes that run on it: " + Join(fit, ", "));
  for (const auto& [reason, names] : by_reason)
    lines.push_back(fmt::format("not {}: {}", Join(names, ", "), reason));
  return lines;
}

}  // namespace zerosweep
