#include "cli/input_checks.h"

#include <algorithm>
#include <map>
#include <span>
#include <sstream>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/stage_program.h"
#include "storage/home/cache_file.h"
#include "sweeps/values/catalogue.h"

namespace zerosweep {
namespace {

constexpr size_t kAtOnce = 64;  // requests per command line, whose length is limited

// A name for the content that a request reads, wherever it lies, and for the reader.
std::string NameOf(const InputCheck& check) {
  return Sha256Hex(CanonicalJson({CompiledCatalogue().digest(), check.split, check.params}));
}

Json RequestOf(const InputCheck& check) {
  return {{"split", check.split}, {"params", check.params}, {"files", check.files}};
}

constexpr const char* kChecksCache = "checks.json";

// The passed checks: name → notes for the user. A lost entry is checked again.
class Passed {
 public:
  explicit Passed(const Home& home) : home_(home) {
    const Json known = ReadCache(home_, kChecksCache);
    if (known.is_null()) return;
    try {
      known.get_to(notes_);
    } catch (const nlohmann::json::exception&) {
      notes_.clear();
    }
  }

  const std::vector<std::string>* Find(const std::string& name) const {
    const auto found = notes_.find(name);
    return found == notes_.end() ? nullptr : &found->second;
  }

  void Add(const std::string& name, const Json& notes) { notes.get_to(notes_[name]); }

  void Save() const { WriteCache(home_, kChecksCache, notes_); }

 private:
  Home home_;
  std::map<std::string, std::vector<std::string>> notes_;
};

// The program's answers, in order; when it ended early there are fewer, with a warning.
std::vector<Json> Ask(std::span<const InputCheck* const> checks, const Globals& globals) {
  std::vector<std::string> words;
  for (const InputCheck* check : checks) {
    words.insert(words.end(), {"--check", RequestOf(*check).dump()});
  }
  std::vector<Json> answers;
  std::string failure;
  try {
    const ProgramResult result = AskStageProgram(words, "looking at weights and images", globals);
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      Json answer = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (answer.is_object()) answers.push_back(std::move(answer));
    }
    failure = WhyItFailed(result);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCluster) throw;
    failure = error.what();
  }
  if (answers.size() < checks.size()) {
    spdlog::warn(
        "weights and images are not checked: zerosweep-stage does not run on this machine ({}); "
        "--no-check skips the check",
        failure);
  }
  return answers;
}

void Tell(const InputCheck& check, const std::vector<std::string>& notes) {
  for (const std::string& note : notes) spdlog::warn("{}: {}", check.where, note);
}

}  // namespace

void CheckInputs(const Plan& plan, const Globals& globals) {
  Passed passed(globals.home());
  std::vector<const InputCheck*> open;
  for (const InputCheck& check : plan.checks) {
    const auto* notes = passed.Find(NameOf(check));
    if (notes == nullptr) {
      open.push_back(&check);
    } else {
      Tell(check, *notes);
    }
  }
  for (size_t begin = 0; begin < open.size(); begin += kAtOnce) {
    const auto some = std::span(open).subspan(begin, std::min(kAtOnce, open.size() - begin));
    const std::vector<Json> answers = Ask(some, globals);
    for (size_t i = 0; i < answers.size(); ++i) {
      const InputCheck& check = *some[i];
      if (answers[i].contains("error")) {
        passed.Save();
        throw Error(ErrorKindFromString(answers[i].at("kind")),
                    fmt::format("{}: {}", check.where,
                                answers[i].at("error").get_ref<const std::string&>()));
      }
      passed.Add(NameOf(check), answers[i].at("notes"));
      Tell(check, answers[i].at("notes"));
    }
    if (answers.size() < some.size()) break;
  }
  if (!open.empty()) passed.Save();
}

}  // namespace zerosweep
