#include "cli/command.h"

#include <algorithm>

namespace zerosweep {
namespace {

std::vector<Command>& Registered() {
  static std::vector<Command> commands;
  return commands;
}

}  // namespace

RegisterCommand::RegisterCommand(std::string name, std::string summary, CommandSetup setup) {
  Registered().push_back({std::move(name), std::move(summary), std::move(setup)});
}

std::vector<Command> AllCommands() {
  std::vector<Command> commands = Registered();
  std::sort(commands.begin(), commands.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return commands;
}

}  // namespace zerosweep
