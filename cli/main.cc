// zerosweep: the control program. Without LibTorch it starts in milliseconds.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/value_kinds.h"
#include "cluster/slurm/slurm.h"
#include "storage/home/home_lock.h"

namespace zerosweep {
namespace {

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option(
         "--home", globals.home_option,
         "Folder that holds all results (default: $ZEROSWEEP_HOME, otherwise ./zerosweep-home)")
      ->type_name(kind::kFolder);
  app.add_option("--format", globals.format, "How results are printed: table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}));
  app.add_flag("-q,--quiet", globals.quiet, "Print results and warnings only");
  app.add_flag("-v,--verbose", globals.verbose, "Print more of what happens");
  app.add_flag("!--no-color", globals.color,
               "No colour and no progress bars, also on a terminal (NO_COLOR does the same)");
}

// The first argument that is not an option; empty if there is none.
std::string FirstWord(const std::vector<std::string>& arguments) {
  const auto is_word = [](const std::string& text) { return !text.starts_with('-'); };
  const auto word = std::ranges::find_if(arguments, is_word);
  return word == arguments.end() ? "" : *word;
}

// All arguments must be UTF-8: they end up in JSON, in the database and in reports.
void RequireText(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (IsUtf8(argv[i])) continue;
    Fail(ErrorKind::kUsage,
         "'{}' is not UTF-8 text: use UTF-8, and rename files and folders with such names",
         ShownBytes(argv[i]));
  }
}

using Bodies = std::vector<std::pair<CLI::App*, CommandBody>>;

std::vector<std::string> Names(const Bodies& commands) {
  std::vector<std::string> names;
  for (const auto& [command, body] : commands)
    if (!command->get_group().empty()) names.push_back(command->get_name());
  return names;
}

int Main(int argc, char** argv) {
  RequireText(argc, argv);
  Globals globals;
  CLI::App app{
      "zerosweep: quantizes neural networks without their training data, and shows which method to "
      "trust.\n"
      "Start with `zerosweep run SWEEP.yaml`, then `zerosweep leaderboard`."};
  app.set_version_flag("--version", "zerosweep " + Version() + " (" + CodeRevision() + ")");
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobals(app, globals);
  Bodies bodies;
  for (const Command& command : AllCommands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    if (command.summary.empty()) sub->group("");  // for our own processes only
    sub->fallthrough();
    bodies.emplace_back(sub, command.setup(*sub, globals));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const std::string unknown = app.get_subcommands().empty() ? FirstWord(app.remaining()) : "";
    const std::string problem =
        unknown.empty() ? error.what()
                        : "unknown command '" + unknown + "'" + Suggestion(unknown, Names(bodies));
    std::fprintf(stderr, "zerosweep: %s; see `zerosweep --help`\n", ShownBytes(problem).c_str());
    return kExitUsage;
  }
  SetUpLog(globals.quiet     ? Verbosity::kQuiet
           : globals.verbose ? Verbosity::kVerbose
                             : Verbosity::kNormal,
           globals.color);
  HomeLock::AskAboutJobs(JobHasEnded);
  for (const auto& [sub, body] : bodies) {
    if (sub->parsed()) return body();
  }
  return kExitUsage;
}

// Returns the exit code. A reader that stops early (`| head`) is not an error; a full disk is.
int FlushOutput(int code) {
  const bool whole = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  if (whole || (poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0)) return code;
  std::fprintf(stderr, "zerosweep: the output is cut: stdout accepts no more; is its disk full?\n");
  return kExitInfrastructure;
}

}  // namespace
}  // namespace zerosweep

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  try {
    return zerosweep::FlushOutput(zerosweep::Main(argc, argv));
  } catch (const zerosweep::Error& error) {
    // Prints one line, whatever bytes a name in it contains.
    std::fprintf(stderr, "zerosweep: %s%s\n",
                 error.kind() == zerosweep::ErrorKind::kInternal ? "internal error: " : "",
                 zerosweep::ShownBytes(error.what()).c_str());
    return error.failure() == zerosweep::Failure::kInterrupted
               ? zerosweep::kExitInterrupted
               : zerosweep::ExitCodeFor(error.kind());
  } catch (const std::exception& error) {
    // Printing with fmt throws when stdout accepts no more.
    if (std::ferror(stdout) != 0) return zerosweep::FlushOutput(zerosweep::kExitOk);
    std::fprintf(stderr, "zerosweep: internal error: %s\n", error.what());
    return zerosweep::kExitInternal;
  }
}
