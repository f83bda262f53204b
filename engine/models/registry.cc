#include "engine/models/registry.h"

#include <map>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace zerosweep {
namespace {

std::map<std::string, ModelFactory>& Factories() {
  static std::map<std::string, ModelFactory> factories;
  return factories;
}

}  // namespace

RegisterModel::RegisterModel(Declaration declaration, ModelFactory factory) {
  Factories()[declaration.name] = factory;  // twin names are refused by the catalogue
  Declare{std::move(declaration)};
}

std::vector<std::string> ModelNames() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : Factories()) names.push_back(name);
  return names;
}

Graph BuildModel(const std::string& arch, int64_t channels, int64_t height, int64_t width,
                 int classes) {
  const auto found = Factories().find(arch);
  if (found == Factories().end()) {
    Fail(ErrorKind::kUsage, "unknown architecture '{}'{}", arch, Suggestion(arch, ModelNames()));
  }
  if (channels < 1 || height < 1 || width < 1 || classes < 1) {
    Fail(ErrorKind::kUsage, "{}: images of {} × {} × {} in {} classes: each must be at least 1",
         arch, channels, height, width, classes);
  }
  Graph graph = found->second(classes, {channels, height, width});
  graph.Check();
  return graph;
}

}  // namespace zerosweep
