// Runs fake_sweep (fake_sweep_main.cc) on a plan of chains and examines the result.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include "storage/results/results.h"
#include "tests/support/fake_plan.h"
#include "tests/support/fake_runs.h"
#include "tests/support/orphans.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

class FakeSweep {
 public:
  // `chains` trials of three stages of `milliseconds` each, with `params` as further parameters.
  FakeSweep(int chains, int milliseconds, Json params = Json::object()) {
    params["sleep_ms"] = milliseconds;
    Json stages = Json::array();
    for (int c = 0; c < chains; ++c) {
      std::string input;
      for (const char* kind : {"s", "q", "e"}) {
        const std::string name = fmt::format("{}{}", kind, c);
        Json stage = {{"name", name}, {"params", params}};
        if (!input.empty()) stage["inputs"] = {input};
        stages.push_back(stage);
        input = name;
      }
    }
    plan_ = FakePlan(stages);
    WriteFileDurably(folder_ / "plan.json", stages.dump());
  }
  ~FakeSweep() {
    for (const auto& [rank, pid] : RanksOf(home_.folder)) kill(pid, SIGKILL);
  }

  std::vector<std::string> Command(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {(ProgramFolder() / "fake_sweep").string(),
                                      (folder_ / "plan.json").string(), home_.folder.string()};
    words.insert(words.end(), options.begin(), options.end());
    return words;
  }
  std::filesystem::path output() const { return folder_ / "output.txt"; }
  const Home& home() const { return home_; }
  const Plan& plan() const { return plan_; }

  bool WaitForDone(int stages, double patience = 30) const {
    return WaitUntil([&] { return FakeRuns(home_).CountAll("done") >= stages; }, patience);
  }
  std::set<std::string> Committed() const {
    std::set<std::string> names;
    for (const auto& row :
         ResultsReader(home_).Query("SELECT stage FROM v_stage WHERE state = 'done'").rows)
      names.insert(row.at(0).get<std::string>());
    return names;
  }
  // Every trial is done, and exactly one attempt of each stage counts.
  void ExpectAllDoneOnce() const {
    EXPECT_EQ(Committed().size(), plan_.stages.size()) << Contents(output());
    const ResultsReader reader(home_);
    const auto number = [&](const std::string& sql) {
      return reader.Query(sql).rows.at(0).at(0).get<int>();
    };
    EXPECT_EQ(number("SELECT count(*) FROM v_trial WHERE state = 'done'"),
              static_cast<int>(plan_.trials.size()));
    EXPECT_EQ(number("SELECT count(*) FROM v_attempt WHERE outcome = 'done'"),
              static_cast<int>(plan_.stages.size()));
    EXPECT_EQ(number("SELECT count(*) FROM v_attempt WHERE outcome IS NULL"), 0);
  }
  void ExpectNoOrphans(double patience = 20) const {
    zerosweep::ExpectNoOrphans(home_.folder, patience);
  }

 private:
  TempFolder folder_;
  Home home_{folder_.path() / "home"};
  Plan plan_;
};

}  // namespace zerosweep
