// cancel: gives up open trials; stages that other trials need continue. With --job, ends a Slurm
// job of this home.
#include "base/log.h"
#include "cli/home_action.h"
#include "cli/value_kinds.h"
#include "cluster/slurm/job_queue.h"

namespace zerosweep {
namespace {

struct CancelOptions {
  TrialSelection selection;
  std::string job;
};

// Warns a running job as before its time limit, so that it saves its work. The state is written
// first, so that the job does not requeue itself. A second call, or a job that does not run yet,
// ends at once.
int EndJob(const RememberedJob& job, bool runs, const Home& home, const Slurm& slurm) {
  JobState state = job.state;
  const bool gently = runs && !state.cancelled;
  state.cancelled = true;
  WriteJobState(home.job(job.id), state);
  std::string why;
  const Tristate answer = gently ? slurm.Warn(state.job, &why) : slurm.Cancel(state.job, &why);
  if (answer != Tristate::kYes) {
    Fail(ErrorKind::kCluster, "{} ({}): try again, or `scancel {}`",
         answer == Tristate::kNo ? "Slurm does not cancel job " + state.job
                                 : "it is unknown whether job " + state.job + " is cancelled",
         why, state.job);
  }
  spdlog::info(
      "job {} {}; `zerosweep submit` continues where it stops", state.job,
      gently ? "saves what it has and ends; cancel it again to end it at once" : "ends now");
  return kExitOk;
}

int CancelJob(const std::string& number, const Home& home) {
  const Slurm slurm;
  for (const QueuedJob& queued : LookUpJobs(home, slurm)) {
    if (queued.job.state.job != number) continue;
    if (queued.queue.alive != Tristate::kNo)
      return EndJob(queued.job, queued.queue.state == "RUNNING", home, slurm);
    spdlog::info("job {} has ended already ({})", number, queued.queue.state);
    return kExitNothingToDo;
  }
  Fail(ErrorKind::kUsage, "no job {} was submitted for {}: `zerosweep status --jobs` lists them",
       number, home.folder.string());
}

int RunCancel(const CancelOptions& options, const Globals& globals) {
  if (!options.job.empty()) return CancelJob(options.job, globals.home());
  const TrialSelection& selection = options.selection;
  if (selection.ids.empty() && selection.sweep.empty() && selection.where.empty()) {
    Fail(ErrorKind::kUsage,
         "cancel: name trials by id, --sweep NAME or --where "
         "key=value, or a Slurm job by --job NUMBER");
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
    "cancel", "Cancel open trials, or end a Slurm job",
    [](CLI::App& app, CancelOptions& options) {
      AddSelection(app, options.selection);
      app.add_option(
             "--job", options.job,
             "A Slurm job of this home, by its number: it saves and ends, its trials stay open; "
             "given twice, it ends at once")
          ->type_name(kind::kNumber);
    },
    RunCancel};

}  // namespace
}  // namespace zerosweep
