// Disturbs a run: kills its processes at random until it is done in spite of that.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "storage/results/results.h"
#include "tests/support/orphans.h"
#include "tests/support/program.h"

namespace zerosweep {

// $ZEROSWEEP_CHAOS_KILLS (`make chaos`) if set, otherwise `in_ci`.
inline int ChaosKills(int in_ci) {
  const char* kills = std::getenv("ZEROSWEEP_CHAOS_KILLS");
  return kills != nullptr ? std::atoi(kills) : in_ci;
}

// The digest of each stage's artifact.
inline std::map<std::string, std::string> ArtifactsOf(const Home& home) {
  std::map<std::string, std::string> artifacts;
  for (const auto& row : ResultsReader(home).Query("SELECT stage, artifact FROM v_stage").rows)
    artifacts[row.at(0)] = row.at(1).is_string() ? row.at(1).get<std::string>() : "";
  return artifacts;
}

inline std::string IntegrityOf(const Home& home) {
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

struct ChaosOptions {
  std::vector<std::string> command;  // that launches ranks
  Home home;
  std::filesystem::path output;
  double shortest = 0.02, longest = 0.4;  // seconds between two disturbances
};

class Chaos {
 public:
  Chaos(ChaosOptions options, uint32_t seed) : options_(std::move(options)), random_(seed) {}

  // Runs the sweep again and again, and disturbs it until it is done or `kills` disturbances have
  // happened; then lets it finish. Returns the number of disturbances.
  int Disturb(int kills) {
    int happened = 0;
    while (happened < kills) {
      Program program(options_.command, options_.output);
      for (bool running = true; running && happened < kills;) {
        SystemClock().Sleep(Uniform(options_.shortest, options_.longest));
        if (Strike(program)) ++happened;
        running = kill(program.pid(), 0) == 0 && !IsZombie(fmt::format("/proc/{}", program.pid()));
      }
      if (happened == kills) program.Signal(SIGTERM);
      const int code = program.Wait(60);
      EXPECT_NE(code, -1) << "it hangs: " << Contents(options_.output);
      ExpectNoOrphans(options_.home.folder);
      if (code == kExitOk || code == kExitNothingToDo) break;
    }
    return happened;
  }

  void Complete() {
    Program program(options_.command, options_.output);
    const int code = program.Wait(300);
    EXPECT_TRUE(code == kExitOk || code == kExitNothingToDo)
        << "exit " << code << ": " << Contents(options_.output);
  }

  const std::map<std::string, int>& struck() const { return struck_; }

 private:
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }

  // Kills a process or pauses a worker. Returns false when the chosen target does not exist.
  bool Strike(const Program& program) {
    static const std::vector<std::string> kTargets = {"stage",       "stage",    "worker", "pause",
                                                      "coordinator", "launcher", "mpirun"};
    const std::string& target =
        kTargets[std::uniform_int_distribution<size_t>(0, kTargets.size() - 1)(random_)];
    const pid_t victim = Choose(target, program);
    if (victim <= 0) return false;
    if (target == "pause") {
      kill(victim, SIGSTOP);
      // Sometimes longer than a worker may be silent: then it is given up and must leave.
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
      candidates = StagesOf(options_.home.folder);
    } else if (target == "launcher") {
      candidates = {program.pid()};
    } else if (target == "mpirun") {
      candidates = ChildrenOf(program.pid());
    } else {
      for (const auto& [rank, pid] : RanksOf(options_.home.folder))
        if ((rank == 0) == (target == "coordinator")) candidates.push_back(pid);
    }
    if (candidates.empty()) return 0;
    return candidates[std::uniform_int_distribution<size_t>(0, candidates.size() - 1)(random_)];
  }

  // mpirun, for a program that launches ranks.
  static std::vector<pid_t> ChildrenOf(pid_t parent) {
    return Processes([&](const std::filesystem::path& process) {
      const std::string stat = Contents(process / "stat");
      const size_t name_end = stat.rfind(')');
      return name_end != std::string::npos && std::atoi(stat.c_str() + name_end + 4) == parent;
    });
  }

  ChaosOptions options_;
  std::mt19937 random_;
  std::map<std::string, int> struck_;
};

}  // namespace zerosweep
