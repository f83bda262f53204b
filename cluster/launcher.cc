#include "cluster/launcher.h"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/spawn.h"
#include "cluster/outcome.h"
#include "mpi_config.h"

namespace zerosweep {
namespace {

constexpr double kTurn = 0.02;  // seconds between two looks
// From the outcome to the end of mpirun: a rank that died can keep MPI_Finalize for ever.
constexpr double kLeaveLimit = 4;
constexpr int kStarts = 3;         // of an mpirun that ends before its ranks have begun
constexpr double kStartPause = 2;  // seconds between them
constexpr double kTermToKill = 3;  // from SIGTERM to SIGKILL

volatile std::sig_atomic_t signals_seen = 0;
void Count(int) { signals_seen = signals_seen + 1; }
// A wish, however often it is repeated.
void Note(int) { signals_seen = signals_seen == 0 ? 1 : signals_seen; }

// Counts INT and TERM while it lives, and notes USR1.
class SignalCounter {
 public:
  SignalCounter() {
    signals_seen = 0;
    std::signal(SIGINT, Count);
    std::signal(SIGTERM, Count);
    std::signal(SIGUSR1, Note);
  }
  ~SignalCounter() {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGUSR1, SIG_DFL);
  }
  SignalCounter(const SignalCounter&) = delete;
  SignalCounter& operator=(const SignalCounter&) = delete;
};

pid_t StartMpirun(const std::vector<std::string>& words) {
  SpawnOptions spawn;
  spawn.words = words;
  spawn.death_signal = SIGTERM;
  try {
    return Spawn(spawn);
  } catch (const Error& error) {
    Fail(ErrorKind::kCluster, "{}; run scripts/setup", error.what());
  }
}

bool HasEnded(pid_t child) {
  int status = 0;
  const pid_t result = waitpid(child, &status, WNOHANG);
  return result == child || (result < 0 && errno == ECHILD);
}

// SIGTERM, then SIGKILL: mpirun passes the first on and follows its ranks.
void End(pid_t child) {
  const Clock& clock = SystemClock();
  kill(child, SIGTERM);
  const double start = clock.Monotonic();
  while (!HasEnded(child)) {
    if (clock.Monotonic() - start > kTermToKill) kill(-child, SIGKILL);
    clock.Sleep(kTurn);
  }
}

// Before that the ranks do not yet listen to signals.
bool IsReady(const LaunchOptions& options) {
  std::error_code code;
  return std::filesystem::is_directory(options.home.run(options.run), code);
}

// Waits for the end of mpirun, passing on what must be passed on. Returns false when a signal came
// before the ranks could hear it.
bool Follow(pid_t child, const LaunchOptions& options) {
  const Clock& clock = SystemClock();
  std::optional<double> drained, outcome_seen;
  while (!HasEnded(child)) {
    const double now = clock.Monotonic();
    if (signals_seen > 0 && !drained) {
      if (!IsReady(options)) {
        End(child);
        return false;
      }
      drained = now;
      kill(child, SIGUSR1);
    }
    if (!outcome_seen && ReadOutcome(options.home, options.run)) outcome_seen = now;
    const bool out_of_grace = drained && (now - *drained > options.grace || signals_seen > 1);
    const bool lingers = outcome_seen && now - *outcome_seen > kLeaveLimit;
    if (out_of_grace || lingers) {
      End(child);
      return true;
    }
    clock.Sleep(kTurn);
  }
  return true;
}

}  // namespace

std::vector<std::string> MpirunCommand(const MpirunSpec& spec) {
  std::vector<std::string> words = {kMpirun, "-np", std::to_string(spec.ranks), "--bind-to",
                                    "none"};
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
    // The daemons' own connections too; they refuse loopback.
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

namespace {

// As Follow. Under load mpirun's daemons may not find each other; nothing has happened then.
bool StartAndFollow(const std::vector<std::string>& words, const LaunchOptions& options) {
  for (int start = 1;; ++start) {
    if (!Follow(StartMpirun(words), options)) return false;
    const bool began = IsReady(options) || ReadOutcome(options.home, options.run);
    const bool can_start = access(words.front().c_str(), X_OK) == 0;
    if (began || !can_start || start == kStarts || signals_seen > 0) return true;
    spdlog::warn("mpirun ended before the ranks had begun; starting it again ({} of {})", start + 1,
                 kStarts);
    SystemClock().Sleep(kStartPause);
  }
}

}  // namespace

int LaunchRanks(const LaunchOptions& options) {
  options.home.Create();
  if (geteuid() == 0) {
    for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
                             "PRTE_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM"})
      setenv(name, "1", 1);
  }
  std::vector<std::string> words = MpirunCommand(
      {options.ranks, options.over_nodes, options.interface, std::string(kMpiKind) == "wheel"});
  words.insert(words.end(), options.command.begin(), options.command.end());
  const SignalCounter counter;
  const bool heard = StartAndFollow(words, options);
  const auto outcome = ReadOutcome(options.home, options.run);
  if (outcome) {
    if (!outcome->message.empty()) spdlog::error("{}", outcome->message);
    return outcome->exit_code;
  }
  if (!heard) {
    spdlog::warn("interrupted before the ranks had begun: nothing was changed");
    return kExitInterrupted;
  }
  spdlog::error(
      "the ranks ended without an outcome (run {}); what was committed is kept: run again",
      options.run);
  return kExitInfrastructure;
}

}  // namespace zerosweep
