// Slurm, asked through its own programs: the only place that calls sbatch, squeue, scontrol, sacct
// and scancel. Nothing goes through a shell, every call has a time limit, and only formats made for
// machines are read.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zerosweep {

// Nothing irrevocable is ever decided on kUnknown: an unknown job is alive.
enum class Tristate { kYes, kNo, kUnknown };

// A job as the queue sees it.
struct SlurmJob {
  Tristate alive = Tristate::kUnknown;  // kNo: it has ended and will not run again
  std::string state = "unknown";  // Slurm's word: "PENDING", "RUNNING", …; "GONE": forgotten
  std::string reason;             // why it is in that state, "" if Slurm says none
  int nodes = 0;                  // 0: not known
  double end = 0;                 // Unix seconds at which its time is over; 0: not known
};

// Whether a job in a state of this name can still run: kUnknown for words that we do not know.
Tristate IsAliveState(const std::string& state);

struct SubmittedJob {
  Tristate taken = Tristate::kUnknown;
  std::string id;       // when it was taken
  std::string cluster;  // "" when Slurm names none
  std::string why;      // when it was not, or nobody knows: what Slurm said
};

class Slurm {
 public:
  // `limit`: seconds that one call may take; submitting may take three times as long.
  explicit Slurm(double limit = 20) : limit_(limit) {}

  // Whether sbatch is in PATH.
  static bool IsThere();

  // `arguments` of sbatch, without --parsable; `script` is the one among them, which no other job
  // has. What is printed around the job's number does not matter; where it is not to be seen, the
  // queue is asked for the job of that script.
  SubmittedJob Submit(const std::vector<std::string>& arguments, const std::string& script) const;
  // The job in the queue, other than our own, that runs this script; "" when there is none, or
  // nobody knows.
  std::string FindByScript(const std::string& script) const;
  // Never throws: what cannot be learned is unknown. A job array counts as alive while one of it
  // is.
  SlurmJob Ask(const std::string& job) const;
  // Whether the job was put back into the queue (kNo: Slurm refuses), and whether it was cancelled.
  // `why` becomes what Slurm said.
  Tristate Requeue(const std::string& job, std::string* why) const;
  Tristate Cancel(const std::string& job, std::string* why) const;
  // Sends SIGUSR1 to the batch script of a running job, as before a time limit.
  Tristate Warn(const std::string& job, std::string* why) const;
  // One name a line of a list as "n[1-3],m7"; "" when it is not known.
  std::string HostNames(const std::string& list) const;
  // The name of this cluster; "" when it is not known. Asked once.
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
// Nodes over which `run` has to start ranks by itself: those of the allocation around this process;
// 1 outside of one and inside a step, which has its own launcher.
int AllocatedNodes();

// The nodes of the allocation around this process where this host is none of them, as "n1" or
// "n[1-3]": the shell of an salloc on a login node. "" where it is one, or nothing says so.
std::string NodesElsewhere();

// Unix seconds at which the allocation around this process ends: $SLURM_JOB_END_TIME, else what the
// queue says. nullopt outside a job, where nobody knows, and for a time that has passed: a shell
// keeps the variables of a job that has ended. May block for 5 s.
std::optional<double> AllocationDeadline();

// Whether the job of this cluster has certainly ended: what HomeLock asks about the owner of a
// lock. Asks the queue at most every 40 s for one job.
bool JobHasEnded(const std::string& job, const std::string& cluster);

}  // namespace zerosweep
