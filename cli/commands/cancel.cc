// cancel: open trials are given up; what others need goes on.
// With --job, a Slurm job of this home.
#include "base/log.h"
#include "cli/home_action.h"
#include "cluster/slurm/job_queue.h"

namespace zerosweep {
namespace {

// A running job is warned as before its time limit, so that it saves what it has; noted before, so
// that it does not requeue itself. Whoever asks twice, or asks of a job that does not run yet,
// wants it to end at once.
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
                                 : "nobody knows whether job " + state.job + " is cancelled",
         why, state.job);
  }
  spdlog::info(
      "job {} {}; `zerosweep submit` goes on where it stops", state.job,
      gently ? "saves what it has and ends; cancel it again to end it at once" : "is told to end");
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

int RunCancel(const TrialSelection& selection, const std::string& job, const Globals& globals) {
  if (!job.empty()) return CancelJob(job, globals.home());
  if (selection.ids.empty() && selection.sweep.empty() && selection.where.empty()) {
    Fail(ErrorKind::kUsage,
         "cancel: say what: trials by ids, --sweep NAME or --where "
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
    "cancel", "Give open trials up, or end a Slurm job",
    [](CLI::App& app, const Globals& globals) -> CommandBody {
      auto selection = std::make_shared<TrialSelection>();
      auto job = std::make_shared<std::string>();
      AddSelection(app, *selection);
      app.add_option(
          "--job", *job,
          "A Slurm job of this home, by its number: it saves and ends, its trials stay open; "
          "twice: at once");
      return [selection, job, &globals] { return RunCancel(*selection, *job, globals); };
    }};

}  // namespace
}  // namespace zerosweep
