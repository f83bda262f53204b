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

RegisterCommand::RegisterCommand(std::string name, std::string summary, int (*run)(const Globals&))
    : RegisterCommand(std::move(name), std::move(summary),
                      [run](CLI::App&, const Globals& globals) -> CommandBody {
                        return [run, &globals] { return run(globals); };
                      }) {}

std::vector<Command> AllCommands() {
  std::vector<Command> commands = Registered();
  std::ranges::sort(commands, {}, &Command::name);
  return commands;
}

}  // namespace zerosweep
