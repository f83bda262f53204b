#include "cluster/slurm/job_queue.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace zerosweep {
namespace {

// Seconds for which a new job may be missing from the answers of a slow controller.
constexpr double kYoung = 60;

void Save(const std::filesystem::path& folder, const JobState& state) {
  try {
    WriteJobState(folder, state);
  } catch (const Error& error) {  // a read-only home
    spdlog::debug("{}", error.what());
  }
}

void Find(RememberedJob& job, const Home& home, const Slurm& slurm) {
  const std::filesystem::path folder = home.job(job.id);
  const std::string found = slurm.FindByScript((folder / "job.sh").string());
  if (found.empty()) return;
  job.state = ReadJobState(folder);  // the job may have begun
  if (!job.state.job.empty()) return;
  job.state.job = found;
  job.state.cluster = slurm.ClusterName();
  Save(folder, job.state);
}

SlurmJob Look(RememberedJob& job, const Home& home, const Slurm& slurm) {
  SlurmJob found;
  JobState& state = job.state;
  if (!state.ended.empty()) {
    found.alive = Tristate::kNo;
    found.state = state.ended;
    return found;
  }
  // It was unknown whether Slurm took the job. If it did, the queue knows its script.
  if (state.job.empty()) Find(job, home, slurm);
  if (state.job.empty() || state.cluster.empty() || slurm.ClusterName() != state.cluster)
    return found;
  found = slurm.Ask(state.job);
  if (found.alive != Tristate::kNo) return found;
  if (found.state == "GONE" && SystemClock().Unix() - state.submitted < kYoung) return {};
  // The job may have written its end, or its follow-up job, in the meantime.
  const std::filesystem::path folder = home.job(job.id);
  JobState now = ReadJobState(folder);
  if (now.job != state.job) return {};
  if (now.ended.empty()) {
    now.ended = found.state;
    Save(folder, now);
  }
  state = now;
  return found;
}

}  // namespace

std::vector<QueuedJob> LookUpJobs(const Home& home, const Slurm& slurm) {
  std::vector<QueuedJob> jobs;
  for (RememberedJob& job : RememberedJobs(home)) {
    QueuedJob queued{std::move(job), {}};
    queued.queue = Look(queued.job, home, slurm);
    jobs.push_back(std::move(queued));
  }
  return jobs;
}

}  // namespace zerosweep
