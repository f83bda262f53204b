#include "cluster/slurm/slurm.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process/run_program.h"
#include "base/process/spawn.h"
#include "cluster/slurm/sbatch.h"

namespace zerosweep {
namespace {

constexpr double kSubmitFactor = 3;
constexpr double kAskAgain = 40;  // seconds between two queries about the job of a lock
// Steps from here on are Slurm's own: the batch script and interactive shells.
constexpr unsigned long kFirstSpecialStep = 0xfffffff0;
constexpr double kAsideLimit = 5;  // seconds, for a call whose answer is not worth more
constexpr const char* kForgotten = "Invalid job id";  // part of the output of squeue and scontrol

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() < 16 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

// The environment that a job inherits, without the variables of the job that submits it.
std::map<std::string, std::string> SubmitEnvironment() {
  std::map<std::string, std::string> environment = OwnEnvironment();
  if (OwnJob().empty()) return environment;
  std::erase_if(environment, [](const auto& entry) {
    return entry.first.starts_with("SLURM_") && entry.first != "SLURM_CONF";
  });
  return environment;
}

// Without variables that would filter or reshape the output; with times in Unix seconds.
std::map<std::string, std::string> AskEnvironment() {
  std::map<std::string, std::string> environment = OwnEnvironment();
  std::erase_if(environment, [](const auto& entry) {
    return entry.first.starts_with("SQUEUE_") || entry.first.starts_with("SACCT_") ||
           entry.first.starts_with("SCONTROL_") || entry.first.starts_with("SCANCEL_");
  });
  environment["SLURM_TIME_FORMAT"] = "%s";
  environment["LC_ALL"] = "C";
  return environment;
}

std::vector<std::string> Split(const std::string& text, char separator, size_t most) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (parts.size() + 1 < most) {
    const size_t end = text.find(separator, at);
    if (end == std::string::npos) break;
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  parts.push_back(text.substr(at));
  return parts;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::string LastLine(const std::string& text) {
  const std::vector<std::string> lines = Lines(text);
  return lines.empty() ? "" : lines.back();
}

// Combines the lines of an array into one job: alive if one of them is, ended only if all are.
SlurmJob Combine(const std::vector<SlurmJob>& jobs) {
  SlurmJob found;
  for (const Tristate answer : {Tristate::kYes, Tristate::kUnknown, Tristate::kNo}) {
    for (const SlurmJob& job : jobs)
      if (job.alive == answer) return job;
  }
  return found;
}

// The word after `key` in `scontrol show -o` ("JobState=RUNNING Reason=None …").
std::string Field(const std::string& text, const std::string& key) {
  const size_t at = (" " + text).find(" " + key + "=");
  if (at == std::string::npos) return "";
  const size_t start = at + key.size() + 1;
  return text.substr(start, text.find_first_of(" \n", start) - start);
}

}  // namespace

Tristate IsAliveState(const std::string& state) {
  static const std::set<std::string> alive = {
      "PENDING",      "CONFIGURING", "RUNNING",       "COMPLETING", "REQUEUED",
      "REQUEUE_HOLD", "RESIZING",    "REQUEUE_FED",   "STOPPED",    "SIGNALING",
      "SPECIAL_EXIT", "STAGE_OUT",   "RESV_DEL_HOLD", "SUSPENDED"};
  static const std::set<std::string> ended = {
      "BOOT_FAIL", "CANCELLED", "COMPLETED",     "DEADLINE", "FAILED",
      "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "REVOKED",  "TIMEOUT"};
  if (alive.contains(state)) return Tristate::kYes;
  return ended.contains(state) ? Tristate::kNo : Tristate::kUnknown;
}

// The result of a call.
struct Slurm::Reply {
  // kYes: exit 0; kNo: another; kUnknown: no exit or no program.
  Tristate answer = Tristate::kUnknown;
  std::string out, err;
};

Slurm::Reply Slurm::Call(const std::vector<std::string>& words) const {
  const bool submits = words[0] == "sbatch";
  const double limit = submits ? kSubmitFactor * limit_ : limit_;
  try {
    const ProgramResult result =
        RunProgram(words, submits ? SubmitEnvironment() : AskEnvironment(), limit);
    if (result.timed_out)
      return {Tristate::kUnknown, result.out,
              fmt::format("{} did not answer within {:g} s", words[0], limit)};
    const Tristate answer = result.code == 0     ? Tristate::kYes
                            : result.code >= 128 ? Tristate::kUnknown
                                                 : Tristate::kNo;
    return {answer, result.out, result.err};
  } catch (const Error& error) {
    return {Tristate::kUnknown, "", error.what()};
  }
}

bool Slurm::IsThere() {
  std::istringstream folders(OwnVariable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/sbatch").c_str(), X_OK) == 0) return true;
  return false;
}

SubmittedJob Slurm::Submit(const std::vector<std::string>& arguments,
                           const std::string& script) const {
  std::vector<std::string> words = {"sbatch", "--parsable"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Reply reply = Call(words);
  // A site's wrapper around sbatch may print anything, and fail or hang after submitting.
  const bool said_yes = reply.answer == Tristate::kYes;
  NamedJob named = JobIn(reply.out, said_yes);
  if (named.id.empty() && said_yes) named = JobIn(reply.err, said_yes);
  const bool plainly_refused = reply.answer == Tristate::kNo && Lines(reply.out).empty();
  if (named.id.empty() && !plainly_refused) named.id = FindByScript(script);
  SubmittedJob job{reply.answer, named.id, named.cluster, ""};
  if (!job.id.empty()) {
    job.taken = Tristate::kYes;
    return job;
  }
  job.taken = said_yes ? Tristate::kUnknown : reply.answer;
  job.why = said_yes ? "sbatch printed no job id" : LastLine(reply.err);
  return job;
}

// A script belongs to one job, but a follow-up job has its predecessor's script, and that
// predecessor is this job.
std::string Slurm::FindByScript(const std::string& script) const {
  const Reply reply = Call({"squeue", "-h", "-u", std::to_string(geteuid()), "-o", "%i|%o"});
  std::set<std::string> found;
  for (const std::string& line : Lines(reply.out)) {
    const std::vector<std::string> parts = Split(line, '|', 2);
    if (parts.size() != 2 || !IsNumber(parts[0]) || parts[0] == OwnJob()) continue;
    if ((parts[1] + " ").starts_with(script + " ")) found.insert(parts[0]);
  }
  return found.size() == 1 ? *found.begin() : "";
}

SlurmJob Slurm::Ask(const std::string& job) const {
  if (!IsNumber(job)) return {};
  const Reply reply = Call({"squeue", "-h", "-t", "all", "-j", job, "-o", "%i|%T|%D|%e|%r"});
  if (reply.answer == Tristate::kUnknown) return {};
  const bool forgotten = reply.err.find(kForgotten) != std::string::npos;
  if (reply.answer == Tristate::kNo && !forgotten) return {};
  std::vector<SlurmJob> found;
  for (const std::string& line : Lines(reply.out)) {
    const std::vector<std::string> parts = Split(line, '|', 5);
    if (parts.size() != 5) continue;
    if (parts[0].substr(0, parts[0].find_first_of("_+")) != job) continue;  // "4_[1-3]%1", "4+0"
    SlurmJob one;
    one.state = parts[1];
    one.alive = IsAliveState(one.state);
    if (IsNumber(parts[2])) one.nodes = std::atoi(parts[2].c_str());
    if (IsNumber(parts[3])) one.end = std::atof(parts[3].c_str());
    if (parts[4] != "None") one.reason = parts[4];
    found.push_back(one);
  }
  if (!found.empty()) return Combine(found);
  return Lines(reply.out).empty() ? AskAboutForgotten(job) : SlurmJob();
}

// Asks about a job that squeue does not list. slurmctld never forgets a live job, but squeue may
// have asked a backup or a cache. The job counts as ended only if a second query is answered
// "invalid job id" and accounting, if there is any, does not contradict it.
SlurmJob Slurm::AskAboutForgotten(const std::string& job) const {
  SlurmJob found;
  const Reply shown = Call({"scontrol", "show", "job", "-o", job});
  if (shown.answer == Tristate::kYes) {
    const std::string state = Field(shown.out, "JobState");
    if (!state.empty()) found.state = state;
    found.alive = IsAliveState(state);
    return found;
  }
  if (shown.answer == Tristate::kUnknown || shown.err.find(kForgotten) == std::string::npos)
    return found;
  found.state = "GONE";
  found.alive = Tristate::kNo;
  const Reply account = Call({"sacct", "-X", "-n", "--parsable2", "-j", job, "-o", "JobID,State"});
  if (account.answer != Tristate::kYes) return found;
  for (const std::string& line : Lines(account.out)) {
    const std::vector<std::string> parts = Split(line, '|', 2);
    if (parts.size() != 2 || parts[0] != job) continue;
    found.state = parts[1].substr(0, parts[1].find(' '));  // "CANCELLED by 1000"
    if (IsAliveState(found.state) != Tristate::kNo) found.alive = Tristate::kUnknown;
  }
  return found;
}

Tristate Slurm::Requeue(const std::string& job, std::string* why) const {
  const Reply reply = Call({"scontrol", "requeue", job});
  *why = LastLine(reply.err);
  return reply.answer;
}

Tristate Slurm::Cancel(const std::string& job, std::string* why) const {
  const Reply reply = Call({"scancel", job});
  *why = LastLine(reply.err);
  return reply.answer;
}

Tristate Slurm::Warn(const std::string& job, std::string* why) const {
  const Reply reply = Call({"scancel", "--batch", "--signal=USR1", job});
  *why = LastLine(reply.err);
  return reply.answer;
}

std::string Slurm::ClusterName() const {
  if (!cluster_.empty()) return cluster_;
  cluster_ = OwnVariable("SLURM_CLUSTER_NAME");
  if (cluster_.empty() && IsThere()) {
    const Reply reply = Call({"scontrol", "show", "config"});
    for (const std::string& line : Lines(reply.out)) {
      const size_t equals = line.find("= ");
      if (line.starts_with("ClusterName ") && equals != std::string::npos)
        cluster_ = line.substr(equals + 2);
    }
  }
  return cluster_;
}

std::string Slurm::HostNames(const std::string& list) const {
  const Reply reply = Call({"scontrol", "show", "hostnames", list});
  return reply.answer == Tristate::kYes ? reply.out : "";
}

std::string OwnJob() { return OwnVariable("SLURM_JOB_ID"); }

namespace {

// Whether this process is inside a step of srun, which has its own launcher.
bool IsInStep() {
  const std::string step = OwnVariable("SLURM_STEP_ID");
  return IsNumber(step) && std::strtoul(step.c_str(), nullptr, 10) < kFirstSpecialStep;
}

std::string ShortName(const std::string& host) { return host.substr(0, host.find('.')); }

}  // namespace

int AllocatedNodes() {
  const std::string nodes = OwnVariable("SLURM_JOB_NUM_NODES");
  if (OwnJob().empty() || !IsNumber(nodes) || IsInStep()) return 1;
  return std::max(1, std::atoi(nodes.c_str()));
}

std::string NodesElsewhere() {
  const std::string nodes = OwnVariable("SLURM_JOB_NODELIST");
  // Only processes that slurmd starts know the name of their node.
  if (OwnJob().empty() || nodes.empty() || IsInStep() || !OwnVariable("SLURMD_NODENAME").empty())
    return "";
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  if (ShortName(nodes) == ShortName(host)) return "";
  if (nodes.find_first_of("[,") == std::string::npos) return nodes;
  for (const std::string& name : Lines(Slurm().HostNames(nodes)))
    if (ShortName(name) == ShortName(host)) return "";
  return nodes;
}

std::optional<double> AllocationDeadline() {
  const std::string job = OwnJob(), told = OwnVariable("SLURM_JOB_END_TIME");
  if (job.empty()) return std::nullopt;
  const double end = IsNumber(told) ? std::atof(told.c_str()) : Slurm(kAsideLimit).Ask(job).end;
  return end > SystemClock().Unix() ? std::optional(end) : std::nullopt;
}

bool JobHasEnded(const std::string& job, const std::string& cluster) {
  struct Known {
    double when = 0;
    bool ended = false;
  };
  static std::map<std::string, Known> known;
  const double now = SystemClock().Monotonic();
  const auto before = known.find(job);
  if (before != known.end() && (before->second.ended || now - before->second.when < kAskAgain))
    return before->second.ended;
  static const Slurm slurm;
  // On another cluster the same number is another job.
  const bool ours = Slurm::IsThere() && !cluster.empty() && slurm.ClusterName() == cluster;
  const bool ended = ours && slurm.Ask(job).alive == Tristate::kNo;
  known[job] = {SystemClock().Monotonic(), ended};
  return ended;
}

}  // namespace zerosweep
