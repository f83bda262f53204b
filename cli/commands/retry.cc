// retry: reopens failed and cancelled trials.
#include <set>

#include "base/log.h"
#include "cli/home_action.h"

namespace zerosweep {
namespace {

int RunRetry(const TrialSelection& selection, const Globals& globals) {
  const std::vector<SelectedTrial> trials =
      Select(ResultsReader(globals.home()), selection, {"failed", "cancelled"});
  if (trials.empty()) {
    spdlog::info("no failed or cancelled trial matches: nothing to retry");
    return kExitNothingToDo;
  }
  std::set<std::string> stages;
  std::vector<std::string> names;
  for (const SelectedTrial& trial : trials) {
    names.push_back(trial.trial);
    stages.insert(trial.stages.begin(), trial.stages.end());
  }
  const Json reply =
      ActOnHome(globals.home(), {{"command", "retry"}, {"stages", stages}, {"trials", names}});
  spdlog::info("{} trials with {} stages are open again: the next `zerosweep run` computes them",
               trials.size(), reply.value("stages", 0));
  return kExitOk;
}

const RegisterCommand kRetry{"retry", "Let failed and cancelled trials be computed again",
                             AddSelection, RunRetry};

}  // namespace
}  // namespace zerosweep
