// The inner loops of synthesis, reconstruction, joint training and evaluation next to their own
// convolutions: the same convolutions with the same gradients and memory formats, and nothing else
// (docs/performance.md). A ResNet-20 for CIFAR with random weights.
//
//   loops_bench [--threads N] [--runs N] [--json FILE] [LOOP …]
//
// Loops that the CPU lacks the units for (AMX, VNNI) are left out.
//
// scripts/loops prints them next to the released codes' formulations (tests/bench/reference).
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "engine/graph/convolution.h"
#include "engine/loop/memory.h"
#include "engine/quant/integer_network.h"
#include "engine/quant/integer_product.h"
#include "engine/quant/quantizer.h"
#include "engine/stages/accuracy.h"
#include "engine/synthesis/synthesizer.h"
#include "tests/support/engine/convolution_log.h"
#include "tests/support/engine/memory_checkpoints.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/random_teacher.h"

namespace zerosweep {
namespace {

using Clock = std::chrono::steady_clock;
double Since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

// Steps in a row that compute the same convolutions.
struct Phase {
  ConvolutionLog::Calls calls;
  std::vector<double> seconds;
};

// Times the steps of a loop, which ends each by a report.
class StepClock final : public Progress {
 public:
  explicit StepClock(ConvolutionLog& log) : log_(log) { log_.Take(); }

  void Report(double, double, const char* unit, const std::string&) override {
    const double seconds = Since(last_);
    const ConvolutionLog::Calls calls = log_.Take();
    // A search for ranges reports its candidates, which are no steps of the loop.
    if (std::string_view(unit) != "widths") {
      if (phases.empty() || phases.back().calls != calls) phases.push_back({calls, {}});
      phases.back().seconds.push_back(seconds);
    }
    last_ = Clock::now();
  }

  std::vector<Phase> phases;

 private:
  ConvolutionLog& log_;
  Clock::time_point last_ = Clock::now();
};

struct Loop {
  std::string name;
  std::string what;   // settings
  size_t steps = 0;   // of a phase that counts, at least
  bool last = false;  // the last such phase alone: the one in which everything is trained
  std::function<void(Progress&)> run;
};

struct Cost {
  double loop = 0, convolutions = 0;  // seconds of a step, the mean over phases
};

// One run of the loop, and one replay of its convolutions.
Cost Measure(const Loop& loop) {
  constexpr size_t kWarmUp = 2;  // steps
  ConvolutionLog log;
  StepClock clock(log);
  loop.run(clock);
  std::vector<Phase> phases;
  for (Phase& phase : clock.phases)
    if (phase.seconds.size() >= loop.steps) phases.push_back(std::move(phase));
  if (phases.empty()) throw std::runtime_error(loop.name + ": no phase is long enough");
  if (loop.last) phases.erase(phases.begin(), phases.end() - 1);
  Cost cost;
  for (const Phase& phase : phases) {
    cost.loop += Median({phase.seconds.begin() + kWarmUp, phase.seconds.end()});
    std::vector<double> replays;
    for (size_t i = 0; i < phase.seconds.size(); ++i) replays.push_back(log.Replay(phase.calls));
    cost.convolutions += Median({replays.begin() + kWarmUp, replays.end()});
  }
  const auto count = static_cast<double>(phases.size());
  return {cost.loop / count, cost.convolutions / count};
}

class Loops {
 public:
  Loops()
      : teacher_(RandomTeacher("resnet20_cifar_a", 32)), images_(torch::randn({128, 3, 32, 32})) {
    dataset_ = {
        .name = "random",
        .split = "test",
        .images = ImagesInMemory(torch::randint(256, {kEvaluated, 3, 32, 32}, torch::kUInt8)),
        .labels = torch::zeros({kEvaluated}, torch::kInt64),
        .classes = 10};
  }

  std::vector<Loop> All() const {
    std::vector<Loop> loops;
    for (const char* name : {"zeroq", "dsg", "intraq", "genie_d"}) {
      loops.push_back({name, "batch 128", kSteps - 1, true, [this, name](Progress& progress) {
                         Synthesize(name, "float32", progress);
                       }});
    }
    for (const char* name : {"zeroq", "genie_d"}) {
      if (!Bfloat16IsFaster(torch::kCPU)) break;
      loops.push_back({fmt::format("{}_bf16", name), "batch 128, compute: bf16", kSteps - 1, true,
                       [this, name](Progress& progress) { Synthesize(name, "bf16", progress); }});
    }
    loops.push_back(
        {"gdfq", "W4A4, batch 64, both trained", kSteps, true, [this](Progress& progress) {
           Quantize("gdfq",
                    {{"batch", 64},
                     {"warm_up", 2},
                     {"calibration", 2},
                     {"iterations", kSteps + 4},
                     {"snapshots", 1},
                     {"heldout", 8}},
                    progress);
         }});
    for (const char* name : {"genie_m", "qdrop", "adaround", "pd_quant", "aquant"}) {
      loops.push_back({name, "W4A4, batch 32, mean of the units", kUnitSteps, false,
                       [this, name](Progress& progress) {
                         Quantize(name, {{"iterations", kUnitSteps}, {"batch", 32}}, progress);
                       }});
    }
    loops.push_back({"evaluate", "W4A4, 100 images", kSteps, false, [this](Progress& progress) {
                       QuietProgress quiet;
                       const QuantizedNetwork network = Quantize("minmax", Json::object(), quiet);
                       MeasureAccuracy([&](const torch::Tensor& x) { return network.Forward(x); },
                                       dataset_, teacher_, 0, progress);
                     }});
    for (const int bits : {4, 8}) {
      if (!IntegerProduct::Exact()) break;
      loops.push_back(
          {fmt::format("integer{}", bits), fmt::format("W{0}A{0}, 100 images", bits), kSteps, false,
           [this, bits](Progress& progress) {
             QuietProgress quiet;
             const QuantizedNetwork network = Quantize("minmax", Json::object(), quiet, bits);
             const IntegerNetwork integers(network);
             MeasureAccuracy([&](const torch::Tensor& x) { return integers.Forward(x); }, dataset_,
                             teacher_, 0, progress);
           }});
    }
    return loops;
  }

 private:
  static constexpr int64_t kSteps = 8, kUnitSteps = 12, kEvaluated = 2000;

  void Synthesize(const std::string& name, const char* compute, Progress& progress) const {
    NoCheckpoints none;
    SynthesizerRegistry::Get(name).function(
        {.teacher = teacher_,
         .random = RandomStreams(0),
         .progress = progress,
         .checkpoints = none},
        {{"images", 128}, {"batch", 128}, {"iterations", kSteps}, {"compute", compute}});
  }

  QuantizedNetwork Quantize(const std::string& name, const Json& params, Progress& progress,
                            int bits = 4) const {
    NoCheckpoints none;
    SoloGroup alone;
    const Protocol protocol;
    return QuantizerRegistry::Get(name)
        .function({.teacher = teacher_,
                   .images = images_,
                   .setting = {protocol, false, bits, bits},
                   .random = RandomStreams(0),
                   .progress = progress,
                   .checkpoints = none,
                   .group = alone},
                  params)
        .network;
  }

  Teacher teacher_;
  torch::Tensor images_;
  Dataset dataset_;
};

}  // namespace

int Main(int threads, int runs, const std::string& file, const std::vector<std::string>& wanted) {
  KeepFreedMemory();
  at::set_num_threads(threads);
  fmt::print("ResNet-20 for CIFAR, {} thread(s), medians of {} runs, milliseconds a step\n\n",
             threads, runs);
  fmt::print("{:<12} {:<34} {:>8} {:>13} {:>6}\n", "loop", "", "ours", "convolutions", "ratio");
  const Loops loops;
  nlohmann::ordered_json measured = nlohmann::ordered_json::object();  // in this order
  for (const Loop& loop : loops.All()) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), loop.name) == wanted.end())
      continue;
    std::vector<double> ours, alone, ratios;
    for (int i = 0; i < runs; ++i) {
      const Cost cost = Measure(loop);
      ours.push_back(cost.loop);
      alone.push_back(cost.convolutions);
      ratios.push_back(cost.loop / cost.convolutions);
    }
    const double ms = 1e3 * Median(ours), convolutions_ms = 1e3 * Median(alone);
    fmt::print("{:<12} {:<34} {:8.1f} {:13.1f} {:6.2f}\n", loop.name, loop.what, ms,
               convolutions_ms, Median(ratios));
    std::fflush(stdout);
    measured[loop.name] = {{"settings", loop.what},
                           {"ms", ms},
                           {"convolutions_ms", convolutions_ms},
                           {"ratio", Median(ratios)}};
  }
  for (const char* name : {"integer4", "integer8"}) {
    if (!measured.contains("evaluate") || !measured.contains(name)) continue;
    const double faster =
        measured["evaluate"]["ms"].get<double>() / measured[name]["ms"].get<double>();
    measured[name]["times_float"] = faster;
    fmt::print("\n{}: {:.2f} times as fast as evaluate", name, faster);
  }
  const double peak = PeakMemory() / 1e9;
  fmt::print("\npeak memory {:.2f} GB\n", peak);
  if (!file.empty()) {
    const nlohmann::ordered_json figures = {
        {"threads", threads}, {"runs", runs}, {"peak_memory_gb", peak}, {"loops", measured}};
    WriteFileDurably(file, figures.dump(2) + "\n");
  }
  return 0;
}

}  // namespace zerosweep

int main(int argc, char** argv) {
  CLI::App app("What inner loops take, and what their own convolutions take.");
  int threads = 1, runs = 5;
  std::string file;
  std::vector<std::string> wanted;
  app.add_option("--threads", threads, "threads of each operator");
  app.add_option("--runs", runs, "runs, alternating");
  app.add_option("--json", file, "a file to write the figures to as well");
  app.add_option("loops", wanted, "loops to measure; default: all");
  CLI11_PARSE(app, argc, argv);
  return zerosweep::Main(threads, runs, file, wanted);
}
