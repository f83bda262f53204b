// man: the manual page, made from the options of all commands.
#include "base/version.h"
#include "cli/command.h"
#include "cli/help/manual_page.h"

namespace zerosweep {
namespace {

int RunMan(const CLI::App* const& root, const Globals&) {
  fmt::print("{}", ManualPage(*root, Version()));
  return kExitOk;
}

const RegisterCommand kMan{"man", "Print the manual page, for man -l -",
                           [](CLI::App& app, const CLI::App*& root) {
                             root = app.get_parent();
                             app.footer("Example: zerosweep man | man -l -");
                           },
                           RunMan};

}  // namespace
}  // namespace zerosweep
