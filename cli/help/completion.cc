#include "cli/help/completion.h"

#include <algorithm>

#include "cli/help/command_line.h"
#include "cli/value_kinds.h"

namespace zerosweep {
namespace {

Paths PathsOf(const std::string& kind) {
  if (kind == kind::kFolder) return Paths::kFolders;
  const bool is_file = kind == kind::kFile || kind == kind::kSweepFile || kind == kind::kSweep ||
                       kind == kind::kModel;
  return is_file ? Paths::kFiles : Paths::kNone;
}

// "Threads (default: every core)" → "Threads": shells have one line for it.
std::string FirstClause(const std::string& text) {
  return text.substr(0, std::min({text.find('\n'), text.find(" (default"), text.find(';')}));
}

// The words before the one at the cursor, read as CLI11 would.
class Line {
 public:
  explicit Line(const CLI::App& root) : root_(root) {}

  void Read(const std::string& word) {
    if (word == "=") return;
    if (awaits_ != nullptr) {
      awaits_ = nullptr;
    } else if (!only_words_ && word == "--") {
      only_words_ = true;
    } else if (IsOption(word)) {
      const CLI::Option* option = Find(word);
      if (option != nullptr && option->get_items_expected_max() > 0) awaits_ = option;
    } else if (command_ == nullptr && !is_unknown_) {
      const auto commands =
          root_.get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
      if (commands.empty())
        is_unknown_ = true;
      else
        command_ = commands.front();
    } else {
      ++positionals_;
    }
  }

  bool IsOption(const std::string& word) const {
    return !only_words_ && word.size() > 1 && word.starts_with('-');
  }

  // Of the command or of every command; null for "--option=value" and for unknown ones.
  const CLI::Option* Find(const std::string& name) const {
    for (const CLI::App* app : {command_, &root_}) {
      if (app == nullptr) continue;
      for (const CLI::Option* option : ShownOptions(*app))
        if (std::ranges::count(OptionNames(*option), name) > 0) return option;
    }
    return nullptr;
  }

  // Null when any number of words have their place already.
  const CLI::Option* NextPositional() const {
    const auto all = ShownPositionals(*command_);
    if (positionals_ < all.size()) return all[positionals_];
    const bool repeats =
        !all.empty() && all.back()->get_expected_max() == CLI::detail::expected_max_vector_size;
    return repeats ? all.back() : nullptr;
  }

  const CLI::App* command() const { return command_; }
  const CLI::Option* awaits() const { return awaits_; }
  bool is_unknown() const { return is_unknown_; }  // no command has the name that stands there

 private:
  const CLI::App& root_;
  const CLI::App* command_ = nullptr;
  bool is_unknown_ = false;
  const CLI::Option* awaits_ = nullptr;  // its value comes next
  size_t positionals_ = 0;
  bool only_words_ = false;  // after --
};

Completion OfValue(const CLI::Option& option, const std::string& begin, const ValueSource& values) {
  Completion result;
  for (const std::string& value : FixedValues(option)) result.candidates.push_back({value, ""});
  if (!result.candidates.empty()) return result;
  const std::string kind = ValueName(option);
  return {values(kind, begin), PathsOf(kind)};
}

Completion OfOptions(const Line& line, const CLI::App& root) {
  Completion result;
  for (const CLI::App* app : {line.command(), &root}) {
    if (app == nullptr) continue;
    for (const CLI::Option* option : ShownOptions(*app))
      for (const std::string& name : OptionNames(*option))
        result.candidates.push_back({name, FirstClause(option->get_description())});
  }
  return result;
}

Completion OfCommands(const CLI::App& root) {
  Completion result;
  for (const CLI::App* command : ShownCommands(root))
    result.candidates.push_back({command->get_name(), FirstClause(command->get_description())});
  return result;
}

// All that may stand at the cursor, whatever stands there now but for an option's beginning.
Completion All(const Line& line, const CLI::App& root, const std::string& current,
               const ValueSource& values) {
  if (line.is_unknown()) return {};
  if (line.awaits() != nullptr) return OfValue(*line.awaits(), current, values);
  if (line.IsOption(current) || current == "-") {
    const size_t equals = current.find('=');
    if (equals == current.npos) return OfOptions(line, root);
    const CLI::Option* option = line.Find(current.substr(0, equals));
    Completion result =
        option == nullptr ? Completion{} : OfValue(*option, current.substr(equals + 1), values);
    for (Candidate& each : result.candidates) each.word = current.substr(0, equals + 1) + each.word;
    return result;
  }
  if (line.command() == nullptr) return OfCommands(root);
  const CLI::Option* next = line.NextPositional();
  return next == nullptr ? Completion{} : OfValue(*next, current, values);
}

}  // namespace

Completion Complete(const CLI::App& root, const std::vector<std::string>& words,
                    const ValueSource& values) {
  const std::string current = words.empty() || words.back() == "=" ? "" : words.back();
  Line line(root);
  for (size_t i = 0; i + 1 < words.size(); ++i) line.Read(words[i]);
  Completion result = All(line, root, current, values);
  std::erase_if(result.candidates,
                [&](const Candidate& each) { return !each.word.starts_with(current); });
  std::ranges::sort(result.candidates, {}, &Candidate::word);
  const auto same = [](const Candidate& a, const Candidate& b) { return a.word == b.word; };
  result.candidates.erase(std::unique(result.candidates.begin(), result.candidates.end(), same),
                          result.candidates.end());
  return result;
}

}  // namespace zerosweep
