#include "cluster/slurm/batch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process/spawn.h"
#include "cluster/run/signals.h"
#include "cluster/slurm/job_files.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

constexpr double kTurn = 0.05;      // seconds between two checks
constexpr double kNearTheEnd = 45;  // seconds before the deadline in which TERM comes from it
constexpr int kMaxLosses = 2;
constexpr double kSettle = 1;  // seconds in which Slurm's own TERM follows the end of its steps
constexpr int kRequeueTries = 3;
constexpr double kRequeuePause = 10;  // seconds between them

volatile std::sig_atomic_t warned_seen = 0, terminated_seen = 0;
void NoteWarning(int) { warned_seen = 1; }
void NoteTermination(int) { terminated_seen = 1; }

void Listen() {
  warned_seen = 0;
  terminated_seen = 0;
  ListenTo(SIGUSR1, NoteWarning);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ListenTo(number, NoteTermination);
}

pid_t StartRun(const std::vector<std::string>& words) {
  SpawnOptions spawn;
  spawn.words = words;
  spawn.own_group = false;
  spawn.death_signal = SIGTERM;
  return Spawn(spawn);
}

// Waits for the run's end and passes signals on as USR1: Slurm sends TERM to every process of a job
// itself, and a second TERM would end the run at once.
BatchEvents Follow(pid_t child) {
  const Clock& clock = SystemClock();
  BatchEvents events;
  std::optional<double> deadline;
  double last_sent = -10;
  int status = 0;
  const auto note_termination = [&] {
    if (terminated_seen == 0 || events.terminated) return;
    const bool in_time = events.warned && deadline && clock.Unix() > *deadline - kNearTheEnd;
    events.terminated = !in_time;
  };
  while (waitpid(child, &status, WNOHANG) == 0) {
    const double now = clock.Monotonic();
    // Send it again and again: a signal is lost before the run listens.
    if ((warned_seen != 0 || terminated_seen != 0) && now - last_sent > 1) {
      kill(child, SIGUSR1);
      last_sent = now;
    }
    if (warned_seen != 0 && !events.warned) {
      events.warned = true;
      spdlog::info("the allocation ends soon: saving, to go on in the next one");
      deadline = AllocationDeadline();
    }
    note_termination();
    clock.Sleep(kTurn);
  }
  note_termination();
  events.warned = events.warned || warned_seen != 0;
  events.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return events;
}

std::vector<std::string> RunCommand(const JobSpec& spec, int nodes) {
  std::vector<std::string> words;
  // Over several nodes the run itself starts outside the container, and its ranks enter it.
  if (nodes == 1) words = spec.container;
  words.push_back(spec.program);
  words.insert(words.end(), spec.arguments.begin(), spec.arguments.end());
  for (size_t i = 0; nodes > 1 && i < spec.container.size(); ++i)
    words.push_back("--rank-prefix=" + spec.container[i]);
  return words;
}

// Where Slurm does not requeue, submits a new job that begins when this one has ended.
void SubmitFollower(const fs::path& folder, const JobSpec& spec, JobState state,
                    const Slurm& slurm) {
  std::vector<std::string> arguments = {"--dependency=afterany:" + state.job};
  arguments.insert(arguments.end(), spec.sbatch.begin(), spec.sbatch.end());
  const SubmittedJob next = slurm.Submit(arguments, (folder / "job.sh").string());
  if (next.taken != Tristate::kYes)
    Fail(ErrorKind::kCluster,
         "the job that was to continue is not in the queue ({}): submit it again", next.why);
  state.earlier.push_back(state.job);
  state.job = next.id;
  WriteJobState(folder, state);
  spdlog::info("job {} goes on when this one has ended", next.id);
}

void WaitForTerm(double seconds) {
  const double start = SystemClock().Monotonic();
  while (terminated_seen == 0 && SystemClock().Monotonic() - start < seconds)
    SystemClock().Sleep(kTurn);
}

// Ending a job ends its steps first, which looks like lost ranks. Only the queue shows that the job
// was not ended.
bool IsStillRunning(const std::string& job, const Slurm& slurm) {
  WaitForTerm(kSettle);
  return terminated_seen == 0 && slurm.Ask(job).state == "RUNNING";
}

// Returns false when the job certainly does not run again.
bool RunAgain(const fs::path& folder, const JobSpec& spec, JobState& state, const Slurm& slurm) {
  if (++state.restarts > spec.max_restarts) {
    spdlog::error(
        "restarted {} times already, so it does not restart itself again; submit it to continue",
        spec.max_restarts);
    return false;
  }
  WriteJobState(folder, state);  // before Slurm ends this process
  terminated_seen = 0;           // from here on TERM comes from requeueing
  std::string why;
  Tristate answer = Tristate::kUnknown;
  for (int i = 0; i < kRequeueTries && answer == Tristate::kUnknown; ++i) {
    if (i > 0) WaitForTerm(kRequeuePause);
    // Requeueing terminates this job, so Slurm's answer may not arrive.
    if (terminated_seen == 0) answer = slurm.Requeue(state.job, &why);
    if (answer != Tristate::kYes && terminated_seen != 0) answer = Tristate::kYes;
  }
  if (answer == Tristate::kYes) {
    spdlog::info("back in the queue");
    return true;
  }
  if (answer == Tristate::kUnknown) {
    // Submitting a second job in addition to a requeued one would be worse than none.
    spdlog::error("it is unknown whether Slurm requeued the job ({}); if not, submit it again",
                  why);
    return true;
  }
  spdlog::info("Slurm does not requeue this job ({}): submitting one that continues it", why);
  SubmitFollower(folder, spec, state, slurm);
  return true;
}

}  // namespace

Continuation HowToContinue(const BatchEvents& events) {
  if (events.terminated) return Continuation::kNone;
  // kExitInterrupted without a warning: no remaining stage would have ended before the allocation.
  if (events.code == kExitInterrupted || (events.warned && events.code >= 128))
    return Continuation::kInterrupted;
  const bool lost = events.nodes > 1 && events.code == kExitInfrastructure;
  return lost && events.losses < kMaxLosses ? Continuation::kLost : Continuation::kNone;
}

int RunBatch(const fs::path& folder, const Slurm& slurm) {
  const std::string job = OwnJob();
  if (job.empty())
    Fail(ErrorKind::kCluster, "`batch` runs inside a Slurm job that `zerosweep submit` made");
  Listen();
  const JobSpec spec = ReadJobSpec(folder);
  JobState state = ReadJobState(folder);
  if (state.job != job || !state.ended.empty()) {
    state.job = job;  // the submitter died, or has not written the number yet
    if (state.submitted == 0) state.submitted = SystemClock().Unix();
    state.cluster = slurm.ClusterName();
    state.ended.clear();
    WriteJobState(folder, state);
  }
  if (chdir(spec.folder.c_str()) != 0)
    Fail(ErrorKind::kStorage, "cannot enter {}: {}", spec.folder, std::strerror(errno));
  const int nodes = AllocatedNodes();
  spdlog::info("job {} on {} node{}: {}", job, nodes, nodes == 1 ? "" : "s", spec.sweep);
  BatchEvents events = Follow(StartRun(RunCommand(spec, nodes)));
  events.nodes = nodes;
  state = ReadJobState(folder);  // `cancel` may have written to it
  events.losses = state.losses;
  Continuation continuation = state.cancelled ? Continuation::kNone : HowToContinue(events);
  const bool asked = continuation == Continuation::kNone || events.warned;
  if (!asked && !IsStillRunning(job, slurm)) {
    events.terminated = true;
    continuation = Continuation::kNone;
  }
  if (continuation == Continuation::kLost) ++state.losses;
  if (continuation != Continuation::kNone && RunAgain(folder, spec, state, slurm))
    return events.code;
  // A terminated job may also have been requeued; the queue knows its state better.
  if (events.terminated && !state.cancelled) return events.code;
  const bool stopped = state.cancelled && events.code == kExitInterrupted;
  state.ended = stopped ? "cancelled" : fmt::format("exit {}", events.code);
  WriteJobState(folder, state);
  return events.code;
}

}  // namespace zerosweep
