#include "cluster/run/launcher.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process/spawn.h"
#include "cluster/coordinator/outcome.h"
#include "cluster/run/mpirun.h"
#include "cluster/run/signals.h"
#include "mpi_config.h"

namespace zerosweep {
namespace {

constexpr double kTurn = 0.02;  // seconds between two checks
// Seconds from the outcome to the end of mpirun: a dead rank can block MPI_Finalize forever.
constexpr double kLeaveLimit = 4;
constexpr int kStarts = 3;          // of an mpirun that ends before its ranks have started
constexpr double kStartPause = 2;   // seconds between them
constexpr double kTermToKill = 3;   // from SIGTERM to SIGKILL
constexpr double kNodesFactor = 5;  // a cluster takes longer to start ranks

volatile std::sig_atomic_t signals_seen = 0;
void Count(int) { signals_seen = signals_seen + 1; }
// Counts as one request, however often it is repeated.
void OnLauncherSignal(int) { signals_seen = signals_seen == 0 ? 1 : signals_seen; }

// Counts INT and TERM while it lives, and notes HUP and USR1.
class SignalCounter {
 public:
  SignalCounter() {
    signals_seen = 0;
    for (const int number : {SIGINT, SIGTERM}) ListenTo(number, Count);
    for (const int number : {SIGHUP, SIGUSR1}) ListenTo(number, OnLauncherSignal);
  }
  ~SignalCounter() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ListenTo(number, SIG_DFL);
  }
  SignalCounter(const SignalCounter&) = delete;
  SignalCounter& operator=(const SignalCounter&) = delete;
};

pid_t StartMpirun(const std::vector<std::string>& words, bool over_nodes) {
  SpawnOptions spawn;
  spawn.words = words;
  spawn.environment = MpirunEnvironment(OwnEnvironment(), over_nodes);
  spawn.death_signal = SIGTERM;
  try {
    return Spawn(spawn);
  } catch (const Error& error) {
    Fail(ErrorKind::kCluster, "{}; `zerosweep doctor` says how to repair it", error.what());
  }
}

bool HasEnded(pid_t child) {
  int status = 0;
  const pid_t result = waitpid(child, &status, WNOHANG);
  return result == child || (result < 0 && errno == ECHILD);
}

// Sends SIGTERM, then SIGKILL. mpirun passes SIGTERM on and ends after its ranks.
void End(pid_t child) {
  const Clock& clock = SystemClock();
  kill(child, SIGTERM);
  const double start = clock.Monotonic();
  while (!HasEnded(child)) {
    if (clock.Monotonic() - start > kTermToKill) kill(-child, SIGKILL);
    clock.Sleep(kTurn);
  }
}

// Whether the ranks already listen to signals.
bool IsReady(const LaunchOptions& options) {
  std::error_code code;
  return std::filesystem::is_directory(options.home.run(options.run), code);
}

// Warns once about ranks that do not start, and knows when to give them up.
class StartWatch {
 public:
  explicit StartWatch(const LaunchOptions& options)
      : slow_(options.slow_start * (options.over_nodes ? kNodesFactor : 1)),
        hung_(options.hung_start * (options.over_nodes ? kNodesFactor : 1)) {}

  bool IsOver() {
    const double waited = SystemClock().Monotonic() - start_;
    if (waited > slow_ && !told_) {
      told_ = true;
      spdlog::warn(
          "mpirun has not started the ranks for {:.0f} s; it has {:.0f} more. A shell that was "
          "started inside a job or a step may be the cause: use a fresh shell, or run without "
          "--ranks",
          waited, hung_ - slow_);
    }
    return waited > hung_;
  }

 private:
  double slow_, hung_;
  double start_ = SystemClock().Monotonic();
  bool told_ = false;
};

enum class Followed { kToTheEnd, kUnheard, kHung };

// Waits for the end of mpirun and passes signals on. Ends mpirun when a signal came before the
// ranks could hear it, and when the ranks do not start.
Followed Follow(pid_t child, const LaunchOptions& options) {
  const Clock& clock = SystemClock();
  StartWatch watch(options);
  bool ready = false;
  std::optional<double> drained, outcome_seen;
  while (!HasEnded(child)) {
    const double now = clock.Monotonic();
    ready = ready || IsReady(options);
    if (!ready && (signals_seen > 0 || watch.IsOver())) {
      End(child);
      return signals_seen > 0 ? Followed::kUnheard : Followed::kHung;
    }
    if (signals_seen > 0 && !drained) {
      drained = now;
      kill(child, SIGUSR1);
    }
    if (!outcome_seen && ReadOutcome(options.home, options.run)) outcome_seen = now;
    const bool out_of_grace = drained && (now - *drained > options.grace || signals_seen > 1);
    const bool lingers = outcome_seen && now - *outcome_seen > kLeaveLimit;
    if (out_of_grace || lingers) {
      End(child);
      return Followed::kToTheEnd;
    }
    clock.Sleep(kTurn);
  }
  return Followed::kToTheEnd;
}

bool HasLoopback() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return true;
  bool found = false;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    constexpr unsigned kNeeded = IFF_LOOPBACK | IFF_UP;
    found = found || (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET &&
                      (one->ifa_flags & kNeeded) == kNeeded);
  }
  freeifaddrs(all);
  return found;
}

// As Follow, with further starts: under load mpirun's daemons may not find each other, and nothing
// has happened then.
Followed StartAndFollow(const std::vector<std::string>& words, const LaunchOptions& options) {
  for (int start = 1;; ++start) {
    const Followed followed = Follow(StartMpirun(words, options.over_nodes), options);
    if (followed != Followed::kToTheEnd) return followed;
    const bool began = IsReady(options) || ReadOutcome(options.home, options.run);
    const bool can_start = access(words.front().c_str(), X_OK) == 0;
    if (began || !can_start || start == kStarts || signals_seen > 0) return followed;
    spdlog::warn("mpirun ended before the ranks had begun; starting it again ({} of {})", start + 1,
                 kStarts);
    SystemClock().Sleep(kStartPause);
  }
}

}  // namespace

int LaunchRanks(const LaunchOptions& options) {
  if (!options.over_nodes && !HasLoopback()) {
    Fail(ErrorKind::kCluster,
         "--ranks needs the loopback interface, and here it is down: `ip link set lo up`, or run "
         "without --ranks");
  }
  options.home.Create();
  if (geteuid() == 0) {
    for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM",
                             "PRTE_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM"})
      setenv(name, "1", 1);
  }
  std::vector<std::string> words = MpirunCommand(
      {options.ranks, options.over_nodes, options.interface, std::string(kMpiKind) == "wheel"});
  if (!options.over_nodes) {
    const std::vector<std::string> more = RankEnvironment(OwnEnvironment());
    words.insert(words.end(), more.begin(), more.end());
  }
  words.insert(words.end(), options.command.begin(), options.command.end());
  const SignalCounter counter;
  const Followed followed = StartAndFollow(words, options);
  if (const auto outcome = ReadOutcome(options.home, options.run)) {
    if (!outcome->message.empty()) spdlog::error("{}", outcome->message);
    return outcome->exit_code;
  }
  if (followed == Followed::kUnheard) {
    spdlog::warn("interrupted before the ranks had begun: nothing was changed");
    return kExitInterrupted;
  }
  if (followed == Followed::kHung) {
    spdlog::error("mpirun does not start the ranks here; nothing was changed: run without --ranks");
    return kExitInfrastructure;
  }
  spdlog::error(
      "the ranks ended without an outcome (run {}); what was committed is kept: run again",
      options.run);
  return kExitInfrastructure;
}

}  // namespace zerosweep
