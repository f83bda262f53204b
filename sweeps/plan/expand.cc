#include "base/files.h"
#include "sweeps/grammar/overrides.h"
#include "sweeps/grammar/sweep_spec.h"
#include "sweeps/plan/patterns.h"
#include "sweeps/plan/plan.h"
#include "sweeps/plan/plan_builder.h"
#include "sweeps/plan/trial_resolver.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Reads a file or a pipe: "-" is standard input, a shell's "<(…)" a pipe.
std::string ReadSweep(const fs::path& file) {
  if (file == "-") return ReadFile("/dev/stdin");
  std::error_code error;
  const auto status = fs::status(file, error);
  if (!fs::exists(status)) FailAt(file.string(), "there is no such sweep file");
  const bool standard_input = file == "/dev/stdin" || file.native().rfind("/dev/fd/", 0) == 0;
  if (!fs::is_regular_file(status) && !fs::is_fifo(status) && !standard_input) {
    FailAt(file.string(), "is not a file");
  }
  return ReadFile(file);
}

// A `when` rule or an `exclude` pattern, with the number of trials that met it.
struct CountedMatcher {
  TrialMatcher matcher;
  const char* what;
  const WhenRule* rule = nullptr;
  size_t matches = 0;
};

class Expansion {
 public:
  Expansion(const SweepSpec& spec, const Catalogue& catalogue, const fs::path& sweep_folder,
            TrialResolver& resolver, Plan& plan)
      : spec_(spec),
        resolver_(resolver),
        plan_(plan),
        builder_(catalogue, resolver, plan, spec.trials().size()) {
    for (const WhenRule& rule : spec.when()) {
      when_.push_back({TrialMatcher(rule.condition, catalogue, sweep_folder), "when", &rule});
    }
    for (const Pattern& pattern : spec.exclude()) {
      exclude_.push_back({TrialMatcher(pattern, catalogue, sweep_folder), "exclude"});
    }
  }

  void Run() {
    for (Assignment trial : spec_.trials()) {
      for (CountedMatcher& when : when_) ApplyWhen(when, trial);
      if (!Excluded(trial)) builder_.Add(trial, spec_.root().where);
    }
    if (plan_.trials.empty()) {
      FailAt(spec_.root().where, "the sweep unfolds to no trial: exclude leaves nothing");
    }
    Warn();
  }

 private:
  void ApplyWhen(CountedMatcher& when, Assignment& trial) {
    if (!when.matcher.Matches(trial, resolver_)) return;
    ++when.matches;
    for (const auto& [key, value] : when.rule->set) trial.Set(key, value);
  }

  // Tries every pattern, so that one that only repeats another is not reported as unmatched.
  bool Excluded(const Assignment& trial) {
    bool excluded = false;
    for (CountedMatcher& exclude : exclude_) {
      if (!exclude.matcher.Matches(trial, resolver_)) continue;
      ++exclude.matches;
      excluded = true;
    }
    return excluded;
  }

  void Warn() {
    for (const auto* matchers : {&when_, &exclude_}) {
      for (const CountedMatcher& counted : *matchers) {
        if (counted.matches > 0) continue;
        plan_.warnings.push_back(
            fmt::format("{}: {} matches no trial", counted.matcher.where(), counted.what));
      }
    }
    if (builder_.duplicates() > 0) {
      plan_.warnings.push_back(
          fmt::format("{}: {} trial(s) coincide with others, since nothing in them uses what "
                      "differs (a seed, a profile), and count once",
                      spec_.root().where, builder_.duplicates()));
    }
  }

  const SweepSpec& spec_;
  TrialResolver& resolver_;
  Plan& plan_;
  PlanBuilder builder_;
  std::vector<CountedMatcher> when_;
  std::vector<CountedMatcher> exclude_;
};

std::string OriginOf(const fs::path& file) {
  return file == "-" ? "standard input" : file.string();
}

Plan Expand(YamlNode root, std::string source, const ExpandOptions& options,
            const Catalogue& catalogue) {
  Plan plan;
  plan.work = WorkFacts(catalogue);
  plan.source = std::move(source);
  plan.resolved = root.ToJson();
  const SweepSpec spec(std::move(root), OriginOf(options.file));
  plan.sweep = spec.name();
  const fs::path folder = FolderOfSweep(options.file);
  const TrialValues values(spec, catalogue, folder);
  TrialResolver resolver(options, catalogue, values);
  Expansion(spec, catalogue, folder, resolver, plan).Run();
  plan.warnings.insert(plan.warnings.end(), resolver.warnings().begin(), resolver.warnings().end());
  resolver.digests().Save();
  return plan;
}

}  // namespace

Plan ExpandSweep(const ExpandOptions& options, const Catalogue& catalogue) {
  std::string source = ReadSweep(options.file);
  YamlNode root = ParseYaml(source, OriginOf(options.file));
  std::vector<std::string> notes;
  for (const std::string& override_text : options.overrides) {
    if (const auto note = ApplyOverride(override_text, root)) notes.push_back(*note);
  }
  Plan plan = Expand(std::move(root), std::move(source), options, catalogue);
  plan.warnings.insert(plan.warnings.begin(), notes.begin(), notes.end());
  return plan;
}

Plan ExpandSweep(YamlNode root, const ExpandOptions& options, const Catalogue& catalogue) {
  std::string source = root.ToJson().dump(1);
  return Expand(std::move(root), std::move(source), options, catalogue);
}

}  // namespace zerosweep
