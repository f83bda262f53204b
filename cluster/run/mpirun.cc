#include "cluster/run/mpirun.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cluster/transport/mpi_loader.h"

namespace zerosweep {
namespace {

bool BeginsWithOneOf(const std::string& name, std::initializer_list<const char*> prefixes) {
  return std::ranges::any_of(prefixes,
                             [&](const char* prefix) { return name.starts_with(prefix); });
}

// Slurm's variables that the ranks of this host need, although their mpirun must not see them.
bool IsForRanks(const std::string& name) {
  static constexpr const char* kNames[] = {
      "SLURM_CONF",      "SLURM_JOB_ID",   "SLURM_CLUSTER_NAME", "SLURM_JOB_END_TIME",
      "SLURMD_NODENAME", "SLURM_JOB_GPUS", "SLURM_STEP_GPUS",    "SLURM_GPUS_ON_NODE"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const char* n) { return name == n; });
}

}  // namespace

std::map<std::string, std::string> MpirunEnvironment(std::map<std::string, std::string> ours,
                                                     bool over_nodes) {
  // Inside a shell that mpirun or srun started, or that kept the variables of one.
  const bool launched = ours.contains("PMIX_RANK") || ours.contains("PMIX_NAMESPACE") ||
                        ours.contains("OMPI_COMM_WORLD_SIZE");
  std::erase_if(ours, [&](const auto& entry) {
    const std::string& name = entry.first;
    if (name.find("ALLOW_RUN_AS_ROOT") != std::string::npos) return false;
    // A user's own settings stay: over nodes all of them, as they describe the cluster; on one host
    // only PMIx's, as the others are ours.
    if (!launched && (BeginsWithOneOf(name, {"PMIX_MCA_"}) ||
                      (over_nodes && BeginsWithOneOf(name, {"OMPI_MCA_", "PRTE_MCA_"}))))
      return false;
    if (BeginsWithOneOf(name, {"PMIX_", "PMI_", "PMI2_", "OMPI_", "OPAL_", "ORTE_", "PRTE_"}))
      return true;
    // Variables of resource managers, whose nodes mpirun would use.
    return !over_nodes && BeginsWithOneOf(name, {"SLURM_", "SLURMD_", "PBS_", "LSB_", "LSF_",
                                                 "FLUX_", "COBALT_", "PE_HOSTFILE"});
  });
  // mpirun knows Slurm's variables by their old names; without them it stays on this host.
  for (const auto& [older, name] : {std::pair("SLURM_JOBID", "SLURM_JOB_ID"),
                                    {"SLURM_NODELIST", "SLURM_JOB_NODELIST"},
                                    {"SLURM_NNODES", "SLURM_JOB_NUM_NODES"}}) {
    const auto now = ours.find(name);
    if (now != ours.end()) ours.try_emplace(older, now->second);
  }
  if (const auto home = ours.find("HOME"); home == ours.end()) {
    const passwd* user = getpwuid(geteuid());
    ours["HOME"] = user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "/";
  }
  return ours;
}

std::vector<std::string> MpirunCommand(const MpirunSpec& spec) {
  std::vector<std::string> words = {Mpirun().string(), "-np", std::to_string(spec.ranks),
                                    "--bind-to", "none"};
  const auto add = [&words](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  if (spec.ulfm) {
    add({"--with-ft", "ulfm"});
  } else {
    add({"--enable-recovery"});
  }
  add({"--mca", "pml", "ob1", "--mca", "btl", "tcp,self"});
  const std::string interface = spec.over_nodes ? spec.interface : "lo";
  if (!interface.empty()) add({"--mca", "btl_tcp_if_include", interface});
  if (spec.over_nodes) {
    // This also restricts the daemons' own connections; daemons refuse loopback.
    const bool for_daemons = !interface.empty() && interface != "lo";
    if (for_daemons && spec.ulfm) add({"--prtemca", "prte_if_include", interface});
    if (for_daemons && !spec.ulfm) add({"--mca", "oob_tcp_if_include", interface});
    add({"--map-by", "ppr:1:node"});
  } else if (spec.ulfm) {
    add({"--map-by", ":OVERSUBSCRIBE"});
  } else {
    add({"--oversubscribe"});
  }
  return words;
}

std::vector<std::string> RankEnvironment(const std::map<std::string, std::string>& ours) {
  std::vector<std::string> words = {"/usr/bin/env"};
  for (const auto& [name, value] : ours)
    if (IsForRanks(name)) words.push_back(name + "=" + value);
  return words;
}

}  // namespace zerosweep
