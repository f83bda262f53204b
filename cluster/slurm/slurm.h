// Slurm, through its own programs: the only place that calls sbatch, squeue, scontrol, sacct and
// scancel. No call goes through a shell, each has a time limit, and only machine-readable formats
// are parsed.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

// kUnknown never leads to an irrevocable action: an unknown job counts as alive.
enum class Tristate { kYes, kNo, kUnknown };

// A job as the queue sees it.
struct SlurmJob {
  Tristate alive = Tristate::kUnknown;  // kNo: it has ended and will not run again
  std::string state = "unknown";  // Slurm's state: "PENDING", "RUNNING", …; "GONE": forgotten
  std::string reason;             // why it is in that state; "" if Slurm gives no reason
  int nodes = 0;                  // 0: unknown
  double end = 0;                 // Unix seconds at which its time limit ends; 0: unknown
};

// Whether a job in this state can still run; kUnknown for unknown states.
Tristate IsAliveState(const std::string& state);

struct SubmittedJob {
  Tristate taken = Tristate::kUnknown;
  std::string id;       // set when it was taken
  std::string cluster;  // "" when Slurm names none
  std::string why;      // Slurm's message when it was not taken, or that is unknown
};

class Slurm {
 public:
  // `limit`: seconds that one call may take. Submitting may take three times as long.
  explicit Slurm(double limit = 20) : limit_(limit) {}

  // Whether sbatch is in PATH.
  static bool IsThere();

  // Submits a job. `arguments` are sbatch's, without --parsable; `script` is the one among them and
  // belongs to no other job. Other output around the job's number does no harm. If the number is
  // not visible, the queue is searched for the job of this script.
  SubmittedJob Submit(const std::vector<std::string>& arguments, const std::string& script) const;
  // The job in the queue, other than our own, that runs this script; "" when there is none or it
  // cannot be found out.
  std::string FindByScript(const std::string& script) const;
  // Never throws: what cannot be found out is unknown. A job array counts as alive while one of its
  // jobs is alive.
  SlurmJob Ask(const std::string& job) const;
  // Requeue returns whether the job was put back into the queue (kNo: Slurm refuses), Cancel
  // whether it was cancelled. `why` receives Slurm's message.
  Tristate Requeue(const std::string& job, std::string* why) const;
  Tristate Cancel(const std::string& job, std::string* why) const;
  // Sends SIGUSR1 to the batch script of a running job, as Slurm does before a time limit.
  Tristate Warn(const std::string& job, std::string* why) const;
  // The host names in a list such as "n[1-3],m7", one a line; "" when unknown.
  std::string HostNames(const std::string& list) const;
  // The name of this cluster; "" when unknown. Asks Slurm only once.
  std::string ClusterName() const;

 private:
  struct Reply;
  Reply Call(const std::vector<std::string>& words) const;
  SlurmJob AskAboutForgotten(const std::string& job) const;

  double limit_;
  mutable std::string cluster_;
};

// "" outside a job.
std::string OwnJob();
// The number of nodes over which `run` must start ranks itself: those of the allocation around this
// process; 1 outside an allocation and inside a step, which has its own launcher.
int AllocatedNodes();

// The nodes of the allocation around this process, as "n1" or "n[1-3]", if this host is not one of
// them: the shell of an salloc on a login node. "" where this host is one, or nothing says that it
// is not.
std::string NodesElsewhere();

// Unix seconds at which the allocation around this process ends, from $SLURM_JOB_END_TIME or else
// from the queue. nullopt outside a job, where the time is unknown, and for a time that has passed:
// a shell keeps the variables of a job that has ended. May block for 5 s.
std::optional<double> AllocationDeadline();

// Whether this job of this cluster has certainly ended. HomeLock asks this about the owner of a
// lock. Asks the queue about one job at most every 40 s.
bool JobHasEnded(const std::string& job, const std::string& cluster);

}  // namespace zerosweep
