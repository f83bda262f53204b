#include "cli/help/command_line.h"

namespace zerosweep {
namespace {

bool IsShown(const CLI::Option* option) { return !option->get_group().empty(); }

}  // namespace

// CLI11 writes "NAME:CHECK", and a fixed list as the check "{a,b}".
std::string ValueName(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  const std::string name = option.get_type_name();
  return name.substr(0, name.find(':'));
}

std::vector<std::string> FixedValues(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  const size_t open = name.find(":{"), close = name.rfind('}');
  if (open == name.npos || close == name.npos) return {};
  return CLI::detail::split(name.substr(open + 2, close - open - 2), ',');
}

std::vector<std::string> OptionNames(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<const CLI::Option*> ShownOptions(const CLI::App& app) {
  return app.get_options([](const auto* each) { return IsShown(each) && each->nonpositional(); });
}

std::vector<const CLI::Option*> ShownPositionals(const CLI::App& app) {
  return app.get_options([](const auto* each) { return IsShown(each) && each->get_positional(); });
}

std::vector<const CLI::App*> ShownCommands(const CLI::App& root) {
  return root.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
}

}  // namespace zerosweep
