// cancel: open trials are given up; what others need goes on.
#include "base/log.h"
#include "cli/home_action.h"

namespace zerosweep {
namespace {

int RunCancel(const TrialSelection& selection, const Globals& globals) {
  if (selection.ids.empty() && selection.sweep.empty() && selection.where.empty()) {
    Fail(ErrorKind::kUsage, "cancel: say which trials: ids, --sweep NAME or --where key=value");
  }
  std::vector<std::string> names;
  for (const SelectedTrial& trial : Select(ResultsReader(globals.home()), selection, {"open"})) {
    names.push_back(trial.trial);
  }
  if (names.empty()) {
    spdlog::info("no open trial matches: nothing to cancel");
    return kExitNothingToDo;
  }
  const Json reply = ActOnHome(globals.home(), {{"command", "cancel"}, {"trials", names}});
  spdlog::info("{} trials are cancelled; `zerosweep retry` brings them back",
               reply.value("trials", 0));
  return kExitOk;
}

const RegisterCommand kCancel{
    "cancel", "Give open trials up", [](CLI::App& app, const Globals& globals) -> CommandBody {
      auto selection = std::make_shared<TrialSelection>();
      AddSelection(app, *selection);
      return [selection, &globals] { return RunCancel(*selection, globals); };
    }};

}  // namespace
}  // namespace zerosweep
