// The real scheduler and placement against thousands of simulated GPUs: discrete events, a fake
// clock. Costs are heavy-tailed, predictions wrong, attempts fail, nodes leave.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <random>

#include "cluster/coordinator/scheduler.h"
#include "tests/support/fake_plan.h"

namespace zerosweep {
namespace {

constexpr int kSlotsOfNode = 8;
constexpr double kShortest = 300;  // seconds

struct Load {
  std::vector<StageRow> stages;
  std::vector<double> seconds;    // true durations, by stage
  std::vector<double> predicted;  // with a lognormal error, σ = 0.5
  double longest_chain = 0;
};

struct LoadShape {
  int chains = 0;  // of three stages each
  int slots = 0;
  double longest = 0;     // stage, in a slot's mean loads
  double gang_share = 0;  // of the stages: those of eight ranks
};

std::shared_ptr<const StageDesign> DesignOfRanks(int ranks) {
  StageDesign design;
  design.kind = design.implementation = "fake";
  design.needs.ranks = ranks;
  return std::make_shared<const StageDesign>(std::move(design));
}

// Durations follow a Pareto law (α = 1.3) with a longest one.
Load MakeLoad(const LoadShape& shape, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(0, 1);
  std::normal_distribution<double> error(0, 0.5);
  const auto single = DesignOfRanks(1), gang = DesignOfRanks(8);
  Load load;
  for (int c = 0; c < shape.chains; ++c) {
    for (int i = 0; i < 3; ++i) {
      StageRow row;
      row.name = fmt::format("{}-{}", c, i);
      if (i > 0) row.inputs = {load.stages.size() - 1};
      row.design = uniform(random) < shape.gang_share ? gang : single;
      load.stages.push_back(std::move(row));
      load.seconds.push_back(kShortest * std::pow(1 - uniform(random), -1 / 1.3));
    }
  }
  const auto work = [&](size_t i) { return load.seconds[i] * load.stages[i].design->needs.ranks; };
  for (int round = 0; round < 3; ++round) {  // the cap lowers the mean a little each time
    double total = 0;
    for (size_t i = 0; i < load.seconds.size(); ++i) total += work(i);
    for (double& seconds : load.seconds)
      seconds = std::min(seconds, shape.longest * total / shape.slots);
  }
  for (size_t i = 0; i < load.seconds.size(); i += 3)
    load.longest_chain =
        std::max(load.longest_chain, std::accumulate(&load.seconds[i], &load.seconds[i] + 3, 0.0));
  for (const double seconds : load.seconds)
    load.predicted.push_back(seconds * std::exp(error(random)));
  return load;
}

struct Result {
  double makespan = 0;
  double bound = 0;  // no scheduler could be faster: all work, what was lost and done again too
  int attempts_failed = 0;
};

class Simulation {
 public:
  Simulation(const Load& load, int slots, const std::vector<double>& predicted, uint32_t seed)
      : load_(load), random_(seed), nodes_(slots / kSlotsOfNode) {
    scheduler_.emplace(load.stages, std::vector<StageStatus>(load.stages.size()), predicted,
                       SchedulerOptions{.max_attempts = 100});
    for (int node = 0; node < nodes_; ++node) placement_.AddNode(node, {.slots = kSlotsOfNode});
  }

  // A share of all attempts crashes somewhere in the middle.
  double crash_share = 0;
  // At these times a node leaves for good, with what runs on it.
  std::vector<double> leaves;

  Result Run() {
    capacity_ = nodes_ * kSlotsOfNode;
    std::sort(leaves.begin(), leaves.end());
    while (!scheduler_->Finished()) {
      Fill();
      Advance();
    }
    Account();
    Result result;
    result.makespan = now_;
    result.bound = std::max(load_.longest_chain, TimeForWork());
    result.attempts_failed = failed_;
    return result;
  }

 private:
  struct Attempt {
    size_t stage = 0;
    std::vector<SlotAllocation> seats;
    double started = 0;
    bool crashes = false, over = false;
  };
  using End = std::pair<double, size_t>;  // time, attempt

  void Fill() {
    while (auto start = scheduler_->TakeNext(now_, placement_)) {
      std::uniform_real_distribution<double> uniform(0, 1);
      Attempt attempt{start->stage, std::move(start->seats), now_, uniform(random_) < crash_share};
      const double share = attempt.crashes ? uniform(random_) : 1;
      ends_.emplace(now_ + share * load_.seconds[attempt.stage], attempts_.size());
      attempts_.push_back(std::move(attempt));
    }
  }

  void Advance() {
    const double end = ends_.empty() ? INFINITY : ends_.top().first;
    const double leave = leaves_done_ < leaves.size() ? leaves[leaves_done_] : INFINITY;
    const double next = std::min({end, leave, scheduler_->NextWake()});
    ASSERT_TRUE(std::isfinite(next)) << "nothing will ever happen";
    Account();
    now_ = std::max(now_, next);
    if (end <= next) {
      const size_t attempt = ends_.top().second;
      ends_.pop();
      if (attempts_[attempt].over) return;
      attempts_[attempt].crashes ? FailAttempt(attempt, Failure::kCrash) : EndAttempt(attempt);
    } else if (leave <= next) {
      Leave(static_cast<int>(leaves_done_++));
    }
  }

  void Release(Attempt& attempt) {
    attempt.over = true;
    work_ += (now_ - attempt.started) * static_cast<double>(attempt.seats.size());
    placement_.Release(attempt.seats);
  }

  void EndAttempt(size_t index) {
    Release(attempts_[index]);
    scheduler_->Committed(attempts_[index].stage, "digest");
  }

  void FailAttempt(size_t index, Failure failure) {
    Release(attempts_[index]);
    ++failed_;
    scheduler_->Failed(attempts_[index].stage, {"a", ErrorKind::kTrial, failure, "because"}, now_);
  }

  void Leave(int node) {
    placement_.RemoveNode(node);
    capacity_ -= kSlotsOfNode;
    for (size_t i = 0; i < attempts_.size(); ++i) {
      const Attempt& attempt = attempts_[i];
      if (!attempt.over &&
          std::any_of(attempt.seats.begin(), attempt.seats.end(),
                      [&](const SlotAllocation& seat) { return seat.node == node; }))
        FailAttempt(i, Failure::kLostWorker);
    }
  }

  // Slot seconds that were there, over time.
  void Account() { offered_.emplace_back(now_, capacity_); }

  // The earliest time at which the slots had offered as many seconds as the work took.
  double TimeForWork() const {
    double offered = 0;
    for (size_t i = 1; i < offered_.size(); ++i) {
      const double more = (offered_[i].first - offered_[i - 1].first) * offered_[i - 1].second;
      if (offered + more >= work_)
        return offered_[i - 1].first + (work_ - offered) / offered_[i - 1].second;
      offered += more;
    }
    return offered_.back().first;
  }

  const Load& load_;
  std::mt19937 random_;
  int nodes_;
  std::optional<Scheduler> scheduler_;
  Placement placement_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::vector<Attempt> attempts_;
  std::vector<std::pair<double, double>> offered_;  // (since, slots)
  double now_ = 0, work_ = 0, capacity_ = 0;
  size_t leaves_done_ = 0;
  int failed_ = 0;
};

std::vector<double> ShortestFirst(const Load& load) {
  std::vector<double> costs;
  for (const double seconds : load.seconds) costs.push_back(-seconds);
  return costs;
}

TEST(SimulationTest, FourThousandGpusWithFailuresAndWrongPredictionsComeNearTheBound) {
  constexpr int kSlots = 4096;
  std::mt19937 random(1);
  const Load load = MakeLoad({.chains = 60000, .slots = kSlots, .longest = 0.16}, random);
  const auto run = [&](const std::vector<double>& predicted) {
    Simulation simulation(load, kSlots, predicted, 2);
    simulation.crash_share = 0.01;
    for (int i = 0; i < 20; ++i) simulation.leaves.push_back(kShortest * (i + 1));
    return simulation.Run();
  };
  const Result result = run(load.predicted);
  EXPECT_GT(result.attempts_failed, 500);
  // The longest chain is a burden, not the bound.
  EXPECT_GT(load.longest_chain, 0.4 * result.bound);
  EXPECT_LT(load.longest_chain, 0.5 * result.bound);
  EXPECT_LE(result.makespan / result.bound, 1.05);
  const Result reversed = run(ShortestFirst(load));
  EXPECT_GT(reversed.makespan / reversed.bound, 1.05);  // the same limit can fail
}

TEST(SimulationTest, StagesOfSeveralRanksDoNotStarve) {
  constexpr int kSlots = 256;
  std::mt19937 random(3);
  const Load load =
      MakeLoad({.chains = 2000, .slots = kSlots, .longest = 0.05, .gang_share = 0.02}, random);
  Simulation simulation(load, kSlots, load.predicted, 4);
  simulation.crash_share = 0.01;
  const Result result = simulation.Run();
  EXPECT_LE(result.makespan / result.bound, 1.15);
}

}  // namespace
}  // namespace zerosweep
