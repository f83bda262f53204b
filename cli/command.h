// A command of `zerosweep`: one file in cli/commands/, registered at its foot.
//
//   int RunPlan(const PlanOptions& options, const Globals& globals);
//
//   const RegisterCommand kPlan{
//       "plan", "Show what a sweep would compute",
//       [](CLI::App& app, PlanOptions& options) {
//         app.add_option("sweep", options.sweep, "The sweep file")->required();
//       },
//       RunPlan};
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
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

struct Command {
  std::string name;
  std::string summary;
  CommandSetup setup;
};

struct RegisterCommand {
  RegisterCommand(std::string name, std::string summary, CommandSetup setup);

  // A command without options.
  RegisterCommand(std::string name, std::string summary, int (*run)(const Globals&));

  // `add` adds options to the app; `run` receives their values.
  template <typename Add, typename Options>
  RegisterCommand(std::string name, std::string summary, Add add,
                  int (*run)(Options, const Globals&))
      : RegisterCommand(std::move(name), std::move(summary),
                        [add, run](CLI::App& app, const Globals& globals) -> CommandBody {
                          auto options = std::make_shared<std::remove_cvref_t<Options>>();
                          add(app, *options);
                          return [options, run, &globals] { return run(*options, globals); };
                        }) {}
};

// Sorted by name.
std::vector<Command> AllCommands();

}  // namespace zerosweep
