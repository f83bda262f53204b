// A command of `zerosweep`: one file in cli/commands/, registered at its foot.
//
//   const RegisterCommand kPlan{
//       "plan", "Show what a sweep would compute",
//       [](CLI::App& app, const Globals& globals) -> CommandBody {
//         auto options = std::make_shared<Options>();
//         app.add_option("sweep", options->sweep, "The sweep file")->required();
//         return [options, &globals] { return RunPlan(*options, globals); };
//       }};
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "storage/home/home.h"

namespace zerosweep {

// The options of every command. They are set after parsing, before the command's body runs.
struct Globals {
  std::string home_option;       // --home
  std::string format = "table";  // --format table|json|csv
  bool quiet = false;
  bool verbose = false;
  bool color = true;

  Home home() const { return Home::Locate(home_option); }
};

// Returns the exit code; throws on errors.
using CommandBody = std::function<int()>;
// Adds the command's options to `app`; the body reads them later. `globals` outlives both.
using CommandSetup = std::function<CommandBody(CLI::App& app, const Globals& globals)>;

struct RegisterCommand {
  RegisterCommand(std::string name, std::string summary, CommandSetup setup);
};

struct Command {
  std::string name;
  std::string summary;
  CommandSetup setup;
};
// Sorted by name.
std::vector<Command> AllCommands();

}  // namespace zerosweep
