// completion: prints what a shell reads once. At each key it then calls `zerosweep complete`, which
// answers with one candidate a line: the word, a tab, its meaning; and last ":files" or ":folders"
// when the shell should offer those, too.
#include "cli/help/completion.h"

#include <map>
#include <set>

#include "base/log.h"
#include "cli/command.h"
#include "cli/pages.h"
#include "cli/places.h"
#include "cli/reading.h"
#include "cli/value_kinds.h"
#include "reports/compare/published.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/model_files.h"
#include "sweeps/values/parameters.h"

namespace zerosweep {
namespace {

constexpr size_t kMostIds = 200;
constexpr size_t kShownId = 12;  // characters

std::vector<Candidate> FromCatalogue(Role role) {
  std::vector<Candidate> found;
  for (const Declaration& each : CompiledCatalogue().Of(role))
    found.push_back({each.name, each.summary});
  return found;
}

std::vector<Candidate> Recipes() {
  std::vector<Candidate> found;
  for (const Recipe& recipe : CompiledCatalogue().recipes())
    found.push_back({recipe.name, recipe.summary});
  return found;
}

std::vector<Candidate> Models(const Globals& globals) {
  std::vector<Candidate> found;
  for (const Json& card : ShippedCards(ModelFolders(globals.home())))
    found.push_back({card.at("name"), "trained on " + card.at("dataset").get<std::string>()});
  return found;
}

std::vector<Candidate> Papers() {
  std::set<std::string> names;
  for (const PublishedRow& row : PublishedNumbers()) names.insert(row.paper);
  std::vector<Candidate> found;
  for (const std::string& name : names) found.push_back({name, ""});
  return found;
}

std::vector<Candidate> Profiles() {
  std::vector<Candidate> found;
  for (const std::string& name : kProfiles) found.push_back({name, ""});
  return found;
}

// The words of the home that begin with ?1; the query's second column is their meaning.
std::vector<Candidate> FromHome(const Globals& globals, const std::string& query,
                                const std::string& begin) {
  std::vector<Candidate> found;
  const std::string of_begin =
      "SELECT * FROM (" + query + ") WHERE substr(word, 1, length(?1)) = ?1";
  for (const auto& row : OpenResults(globals).Query(of_begin, {begin}, kMostIds).rows)
    found.push_back({row[0], row[1]});
  return found;
}

std::string IdsOf(const std::string& table, const std::string& meaning) {
  return fmt::format("SELECT substr({0}, 1, {1}) AS word, {2} FROM v_{0}", table, kShownId,
                     meaning);
}

std::vector<Candidate> ValuesOf(const std::string& kind, const std::string& begin,
                                const Globals& globals) {
  const std::string trials = IdsOf("trial", "method || ' ' || bits || ' seed ' || seed");
  if (kind == kind::kArch) return FromCatalogue(Role::kModel);
  if (kind == kind::kDataset) return FromCatalogue(Role::kDataset);
  if (kind == kind::kModel) return Models(globals);
  if (kind == kind::kPaper) return Papers();
  if (kind == kind::kProfile) return Profiles();
  if (kind == kind::kRecipe) return Recipes();
  if (kind == kind::kSweep)
    return FromHome(globals,
                    "SELECT sweep AS word, count(*) || ' trials' FROM v_trial WHERE sweep IS NOT "
                    "NULL GROUP BY sweep",
                    begin);
  if (kind == kind::kTrial) return FromHome(globals, trials, begin);
  if (kind == kind::kId)
    return FromHome(
        globals,
        trials + " UNION " + IdsOf("stage", "kind") + " UNION " + IdsOf("attempt", "'attempt'"),
        begin);
  return {};
}

// The line at the cursor may name another home than this process has.
std::string HomeIn(std::vector<std::string> words) {
  constexpr std::string_view kOption = "--home";
  std::erase(words, "=");  // as bash splits --home=x
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].starts_with(std::string(kOption) + "="))
      return words[i].substr(kOption.size() + 1);
    if (words[i] == kOption) return words[i + 1];
  }
  return "";
}

struct CompleteOptions {
  const CLI::App* root = nullptr;
  std::vector<std::string> words;
};

int RunComplete(const CompleteOptions& options, const Globals& globals) {
  Globals of_line = globals;
  if (const std::string home = HomeIn(options.words); !home.empty()) of_line.home_option = home;
  // Without a readable home a shell has nothing to offer, and nowhere to say why.
  const auto values = [&](const std::string& kind,
                          const std::string& begin) -> std::vector<Candidate> {
    try {
      return ValuesOf(kind, begin, of_line);
    } catch (const Error& error) {
      spdlog::debug("{}", error.what());
      return {};
    }
  };
  const Completion found = Complete(*options.root, options.words, values);
  for (const Candidate& each : found.candidates) fmt::print("{}\t{}\n", each.word, each.meaning);
  if (found.paths == Paths::kFiles) fmt::print(":files\n");
  if (found.paths == Paths::kFolders) fmt::print(":folders\n");
  return kExitOk;
}

const RegisterCommand kComplete{"complete", "",
                                [](CLI::App& app, CompleteOptions& options) {
                                  options.root = app.get_parent();
                                  app.add_option("words", options.words, "The words of the line");
                                },
                                RunComplete};

const std::map<std::string, const char*>& Scripts() {
  static const std::map<std::string, const char*> kScripts = {
      {"bash", kBashCompletion}, {"zsh", kZshCompletion}, {"fish", kFishCompletion}};
  return kScripts;
}

int RunCompletion(const std::string& shell, const Globals&) {
  fmt::print("{}", Scripts().at(shell));
  return kExitOk;
}

const RegisterCommand kCompletion{
    "completion", "Print what bash, zsh or fish need to complete commands, options and names",
    [](CLI::App& app, std::string& shell) {
      app.add_option("shell", shell, "The shell")->required()->check(CLI::IsMember(Scripts()));
      app.footer(
          "Example: source <(zerosweep completion bash)   in ~/.bashrc; for fish:\n"
          "zerosweep completion fish > ~/.config/fish/completions/zerosweep.fish");
    },
    RunCompletion};

}  // namespace
}  // namespace zerosweep
