// Whatever is killed, and whenever: in the end every trial is done exactly once, with the bits of a
// run that nobody disturbed. $ZEROSWEEP_CHAOS_KILLS says how many kills (`make chaos`: 200).
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <random>

#include "base/error.h"
#include "tests/support/fake_sweep.h"

namespace zerosweep {
namespace {

constexpr int kKillsInCi = 20;

int Kills() {
  const char* kills = std::getenv("ZEROSWEEP_CHAOS_KILLS");
  return kills != nullptr ? std::atoi(kills) : kKillsInCi;
}

// The digest of what each stage made.
std::map<std::string, std::string> Artifacts(const Home& home) {
  std::map<std::string, std::string> artifacts;
  for (const auto& row : ResultsReader(home).Query("SELECT stage, artifact FROM v_stage").rows)
    artifacts[row.at(0)] = row.at(1).is_string() ? row.at(1).get<std::string>() : "";
  return artifacts;
}

std::string IntegrityOf(const Home& home) {
  sqlite3* database = nullptr;
  std::string answer = "cannot be opened";
  if (sqlite3_open(home.database().c_str(), &database) == SQLITE_OK) {
    sqlite3_exec(
        database, "PRAGMA integrity_check",
        [](void* text, int, char** values, char**) {
          *static_cast<std::string*>(text) = values[0];
          return 0;
        },
        &answer, nullptr);
  }
  sqlite3_close(database);
  return answer;
}

// Children of a process: mpirun, of a program that launches ranks.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  return Processes([&](const std::filesystem::path& process) {
    const std::string stat = Contents(process / "stat");
    const size_t name_end = stat.rfind(')');
    return name_end != std::string::npos && std::atoi(stat.c_str() + name_end + 4) == parent;
  });
}

class Chaos {
 public:
  Chaos(const FakeSweep& sweep, uint32_t seed) : sweep_(sweep), random_(seed) {}

  // Runs the sweep, again and again, and disturbs it until it is done or `kills` have happened;
  // then lets it end. Returns how many happened.
  int Disturb(int kills) {
    int happened = 0;
    while (happened < kills) {
      Program program(command_, sweep_.output());
      for (bool running = true; running && happened < kills;) {
        SystemClock().Sleep(Uniform(0.02, 0.4));
        if (Strike(program)) ++happened;
        running = kill(program.pid(), 0) == 0 && !IsZombie(fmt::format("/proc/{}", program.pid()));
      }
      if (happened == kills) program.Signal(SIGTERM);
      const int code = program.Wait(60);
      EXPECT_NE(code, -1) << "it hangs: " << Contents(sweep_.output());
      sweep_.ExpectNoOrphans();
      if (code == kExitOk || code == kExitNothingToDo) break;
    }
    return happened;
  }

  void Complete() {
    Program program(command_, sweep_.output());
    const int code = program.Wait(120);
    EXPECT_TRUE(code == kExitOk || code == kExitNothingToDo)
        << "exit " << code << ": " << Contents(sweep_.output());
  }

  const std::map<std::string, int>& struck() const { return struck_; }

 private:
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }

  // Kills something, or pauses a worker. Returns false when what was chosen is not there.
  bool Strike(Program& program) {
    static const std::vector<std::string> kTargets = {"stage",       "stage",    "worker", "pause",
                                                      "coordinator", "launcher", "mpirun"};
    const std::string& target =
        kTargets[std::uniform_int_distribution<size_t>(0, kTargets.size() - 1)(random_)];
    const pid_t victim = Choose(target, program);
    if (victim <= 0) return false;
    if (target == "pause") {
      kill(victim, SIGSTOP);
      // Sometimes for longer than a worker may be silent: it is given up, and must leave.
      SystemClock().Sleep(Uniform(0.1, 2.5));
      kill(victim, SIGCONT);
    } else if (kill(victim, SIGKILL) != 0) {
      return false;
    }
    ++struck_[target];
    return true;
  }

  pid_t Choose(const std::string& target, const Program& program) {
    std::vector<pid_t> candidates;
    if (target == "stage") {
      candidates = StagesOf(sweep_.home().folder);
    } else if (target == "launcher") {
      candidates = {program.pid()};
    } else if (target == "mpirun") {
      candidates = ChildrenOf(program.pid());
    } else {
      for (const auto& [rank, pid] : RanksOf(sweep_.home().folder))
        if ((rank == 0) == (target == "coordinator")) candidates.push_back(pid);
    }
    if (candidates.empty()) return 0;
    return candidates[std::uniform_int_distribution<size_t>(0, candidates.size() - 1)(random_)];
  }

  const FakeSweep& sweep_;
  std::mt19937 random_;
  // Nobody but us is to blame for a stage that dies often.
  std::vector<std::string> command_ = sweep_.Command(
      {"--ranks", "3", "--slots", "4", "--limit", "2", "--grace", "2", "--max-attempts", "1000"});
  std::map<std::string, int> struck_;
};

TEST(ChaosTest, EveryTrialEndsOnceWithTheBitsOfAnUndisturbedRun) {
  const FakeSweep quiet(30, 40);
  Program undisturbed(quiet.Command({"--slots", "16"}), quiet.output());
  ASSERT_EQ(undisturbed.Wait(), kExitOk) << Contents(quiet.output());
  const auto expected = Artifacts(quiet.home());
  int left = Kills();
  std::map<std::string, int> struck;
  for (uint32_t round = 0; left > 0; ++round) {
    const FakeSweep sweep(30, 40);
    Chaos chaos(sweep, round);
    left -= chaos.Disturb(left);
    chaos.Complete();
    for (const auto& [target, count] : chaos.struck()) struck[target] += count;

    sweep.ExpectAllDoneOnce();
    sweep.ExpectNoOrphans();
    EXPECT_EQ(IntegrityOf(sweep.home()), "ok");
    EXPECT_EQ(Artifacts(sweep.home()), expected);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  for (const auto& [target, count] : struck) fmt::print("{} × {}\n", count, target);
}

}  // namespace
}  // namespace zerosweep
