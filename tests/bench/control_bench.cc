// What the control program costs where sweeps are large and workers many: a sweep of 100,000
// trials, the scheduler, 1,000 idle workers. `make bench` runs it.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "cluster/run/session.h"
#include "cluster/transport/local_transport.h"
#include "reports/leaderboard/status.h"
#include "tests/bench/silent_workers.h"
#include "tests/support/fake_plan.h"
#include "tests/support/old_home.h"
#include "tests/support/sweep_folder.h"
#include "tests/support/sweep_rows.h"

namespace zerosweep {
namespace {

constexpr int kTrials = 100'000;

double Now() { return SystemClock().Monotonic(); }

// 4 methods, 8 pairs of bits and 3,125 seeds.
std::string BigSweep() {
  std::string seeds = "0";
  for (int seed = 1; seed < kTrials / 32; ++seed) seeds += fmt::format(", {}", seed);
  return CifarSweep(
             "grid:\n"
             "  method: [zeroq, noise, real, sharp]\n"
             "  bits: [w8a8, w6a6, w5a5, w4a4, w3a3, w2a4, w2a2, w4a8]\n"
             "seeds: [") +
         seeds + "]\n";
}

const SweepFolder& Folder() {
  static const SweepFolder folder;
  static const bool written = (folder.Write("sweep.yaml", BigSweep()), true);
  benchmark::DoNotOptimize(written);
  return folder;
}

Plan Expand() { return ExpandSweep(Folder().Options(), Folder().catalogue()); }

void Insert(const Plan& plan, const Home& home) {
  home.Create();
  HomeLock lock(home, SystemClock());
  ResultsWriter writer(home, lock);
  writer.AddSweep(plan.sweep, plan.source, plan.resolved, plan.trials, plan.stages);
}

double Megabytes(const Home& home) {
  return static_cast<double>(std::filesystem::file_size(home.database())) / 1e6;
}

// The first half of the stages is done and has artifacts (empty folders).
void FinishHalf(const Plan& plan, const Home& home) {
  HomeLock lock(home, SystemClock());
  ResultsWriter writer(home, lock);
  writer.Begin();
  for (size_t i = 0; i < plan.stages.size() / 2; ++i) {
    const std::string& name = plan.stages[i].name;
    FinishStage(writer, name, {{"seconds", 1}});
    std::filesystem::create_directories(home.artifact(Sha256Hex("artifact of " + name)));
  }
  writer.Commit();
}

// From the sweep file to the first stage that is started; nothing is computed.
double SecondsToFirstStage(const Home& home) {
  const double start = Now();
  double first = 0;
  SilentWorkers transport(1, [&] {
    if (first == 0) first = Now();
    raise(SIGINT);
  });
  SessionOptions session = FakeSession(home, 1);
  session.coordinator.drain_grace = 0;
  session.coordinator.leave_limit = 0;
  session.display.quiet = true;
  RunSweep(Expand(), transport, session, SystemClock());
  return first - start;
}

void BM_ExpandSweep(benchmark::State& state) {
  size_t stages = 0;
  for (auto _ : state) stages = Expand().stages.size();
  state.counters["trials"] = kTrials;
  state.counters["stages"] = static_cast<double>(stages);
}
BENCHMARK(BM_ExpandSweep)->Unit(benchmark::kSecond)->Iterations(3);

void BM_ExpandAndInsertSweep(benchmark::State& state) {
  for (auto _ : state) {
    const TempFolder folder;
    const Home home{folder / "home"};
    Insert(Expand(), home);
    state.counters["MB"] = Megabytes(home);
  }
}
BENCHMARK(BM_ExpandAndInsertSweep)->Unit(benchmark::kSecond)->Iterations(3);

// A home of an older version is brought up to date; `MB` and `MB_before` of its database.
void BM_MigrateHome(benchmark::State& state) {
  for (auto _ : state) {
    const TempFolder folder;
    const Home home{folder / "home"};
    MakeOldHome(home, kTrials);
    state.counters["MB_before"] = Megabytes(home);
    const double start = Now();
    {
      HomeLock lock(home, SystemClock());
      const ResultsWriter writer(home, lock);
    }
    state.SetIterationTime(Now() - start);
    state.counters["MB"] = Megabytes(home);
  }
}
BENCHMARK(BM_MigrateHome)->Unit(benchmark::kSecond)->Iterations(1)->UseManualTime();

void BM_StartSweep(benchmark::State& state) {
  for (auto _ : state) {
    const TempFolder folder;
    state.SetIterationTime(SecondsToFirstStage(Home{folder / "home"}));
  }
}
BENCHMARK(BM_StartSweep)->Unit(benchmark::kSecond)->Iterations(3)->UseManualTime();

// A home with the big sweep, half of it done.
const Home& HalfDone() {
  static const TempFolder folder;
  static const Home home{folder / "home"};
  static const bool made = [] {
    const Plan plan = Expand();
    Insert(plan, home);
    FinishHalf(plan, home);
    return true;
  }();
  benchmark::DoNotOptimize(made);
  return home;
}

void BM_ResumeSweep(benchmark::State& state) {
  const Home& home = HalfDone();
  for (auto _ : state) state.SetIterationTime(SecondsToFirstStage(home));
}
BENCHMARK(BM_ResumeSweep)->Unit(benchmark::kSecond)->Iterations(3)->UseManualTime();

void BM_Status(benchmark::State& state) {
  const Home& home = HalfDone();
  for (auto _ : state) benchmark::DoNotOptimize(SweepStatus(ResultsReader(home)));
}
BENCHMARK(BM_Status)->Unit(benchmark::kSecond)->Iterations(3);

// Starting and committing one stage after another on 4,096 slots: the time an event must not grow
// with the number of stages, but for the logarithm of a heap.
void BM_SchedulerEvents(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const auto design = std::make_shared<const StageDesign>(StageDesign{.kind = "fake"});
  std::vector<StageRow> stages(count);
  std::vector<double> seconds(count);
  for (size_t i = 0; i < count; ++i) {
    stages[i] = {std::to_string(i), design, std::nullopt, {}};
    if (i % 3 != 0) stages[i].inputs = {i - 1};  // chains of three
    seconds[i] = 1 + static_cast<double>(i * 7919 % 1000);
  }
  for (auto _ : state) {
    state.PauseTiming();
    Scheduler scheduler(stages, std::vector<StageStatus>(count), seconds);
    Placement placement;
    for (int node = 0; node < 512; ++node) placement.AddNode(node, {.slots = 8, .cores = 64});
    std::deque<Scheduler::Start> running;
    state.ResumeTiming();
    while (!scheduler.Finished()) {
      while (auto start = scheduler.TakeNext(0, placement)) running.push_back(std::move(*start));
      placement.Release(running.front().seats);
      scheduler.BeginCommit(running.front().stage);
      scheduler.Committed(running.front().stage, "artifact");
      running.pop_front();
    }
  }
  state.counters["per_event"] =
      benchmark::Counter(static_cast<double>(2 * count), benchmark::Counter::kIsIterationInvariant |
                                                             benchmark::Counter::kIsRate |
                                                             benchmark::Counter::kInvert);
}
BENCHMARK(BM_SchedulerEvents)->RangeMultiplier(10)->Range(10'000, 1'000'000);

// The share of a core that rank 0 takes while its workers (played by the same thread, which pays
// for their messages as the transport would) wait for one long stage.
void BM_IdleWorkers(benchmark::State& state) {
  const TempFolder folder;
  const auto cpu = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  };
  for (auto _ : state) {
    double begun = 0, used = 0;
    SilentWorkers transport(static_cast<int>(state.range(0)) + 1, [&] {
      begun = Now();
      used = cpu();
    });
    SessionOptions session = FakeSession(Home{folder / "home"}, 1);
    session.coordinator.drain_grace = 0;
    session.display.quiet = true;
    std::thread watch([&] {
      SystemClock().Sleep(11);
      state.counters["share_of_core"] = (cpu() - used) / (Now() - begun);
      kill(getpid(), SIGINT);
    });
    RunSweep(FakePlan(Json::parse(R"([{"name": "long"}])")), transport, session, SystemClock());
    watch.join();
  }
}
BENCHMARK(BM_IdleWorkers)->Arg(10)->Arg(1000)->Iterations(1)->Unit(benchmark::kSecond);

// Stages that do nothing but make an artifact of two durable files, in warm stage processes.
void BM_WarmStages(benchmark::State& state) {
  constexpr int kStages = 1000;
  Json stages = Json::array();
  for (int i = 0; i < kStages; ++i) stages.push_back({{"name", std::to_string(i)}});
  const Plan plan = FakePlan(stages);
  for (auto _ : state) {
    const TempFolder folder;
    LocalTransport transport;
    SessionOptions session = FakeSession(Home{folder / "home"}, static_cast<int>(state.range(0)));
    session.display.quiet = true;
    RunSweep(plan, transport, session, SystemClock());
  }
  state.counters["stages_a_second"] = benchmark::Counter(
      kStages, benchmark::Counter::kIsIterationInvariant | benchmark::Counter::kIsRate);
}
BENCHMARK(BM_WarmStages)->Arg(1)->Arg(2)->Iterations(1)->Unit(benchmark::kSecond)->UseRealTime();

}  // namespace
}  // namespace zerosweep

BENCHMARK_MAIN();
