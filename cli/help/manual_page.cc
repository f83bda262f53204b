#include "cli/help/manual_page.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/help/command_line.h"
#include "cli/pages.h"

namespace zerosweep {
namespace {

// Text as troff reads it: no escapes, no requests at the start of a line, hyphens that can be
// searched for.
std::string Escaped(const std::string& text) {
  std::string escaped;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\')
      escaped += "\\e";
    else if (c == '-')
      escaped += "\\-";
    else
      escaped += c;
    at_start = c == '\n';
  }
  return escaped;
}

std::string Bold(const std::string& text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(const std::string& text) { return "\\fI" + Escaped(text) + "\\fR"; }

std::string ValueOf(const CLI::Option& option) {
  const std::vector<std::string> values = FixedValues(option);
  if (!values.empty()) return Bold(Join(values, "|"));
  return Italic(ValueName(option));
}

std::string Described(const std::string& head, const std::string& text) {
  return ".TP\n" + head + "\n" + Escaped(text) + "\n";
}

std::string OptionEntry(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : OptionNames(option)) names.push_back(Bold(name));
  const std::string value = ValueName(option).empty() ? "" : " " + ValueOf(option);
  return Described(Join(names, ", ") + value, option.get_description());
}

std::string OptionEntries(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : ShownOptions(app))
    if (option != app.get_help_ptr()) text += OptionEntry(*option);
  return text;
}

// "zerosweep export [TRIAL] -o FILE": what a call needs.
std::string Synopsis(const CLI::App& command) {
  std::string line = Bold(command.get_name());
  for (const CLI::Option* option : ShownOptions(command))
    if (option->get_required())
      line += " " + Bold(OptionNames(*option).back()) + " " + ValueOf(*option);
  for (const CLI::Option* word : ShownPositionals(command))
    line += word->get_required() ? " " + ValueOf(*word) : " [" + ValueOf(*word) + "]";
  return line;
}

std::string CommandEntry(const CLI::App& command) {
  std::string text = ".SS " + Synopsis(command) + "\n" + Escaped(command.get_description()) + ".\n";
  for (const CLI::Option* word : ShownPositionals(command))
    text += Described(ValueOf(*word), word->get_description());
  text += OptionEntries(command);
  if (!command.get_footer().empty())
    text += ".PP\n.nf\n" + Escaped(command.get_footer()) + "\n.fi\n";
  return text;
}

}  // namespace

std::string ManualPage(const CLI::App& root, const std::string& version) {
  std::string commands;
  for (const CLI::App* command : ShownCommands(root)) commands += CommandEntry(*command);
  return fmt::format(kManualPage, fmt::arg("version", Escaped(version)),
                     fmt::arg("options", OptionEntries(root)), fmt::arg("commands", commands));
}

}  // namespace zerosweep
