// What reading costs where a home holds much: 100,000 done trials (40 methods × 10 networks × 5
// pairs of bits × 50 seeds, images shared by the bits) with their 220,000 stages. Whole processes
// are timed, as a user meets them.
//
//   reading_bench HOME       fills HOME through the writer unless that is done, then reads it
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "base/log.h"
#include "base/process/spawn.h"
#include "base/text.h"
#include "contract/artifact.h"
#include "storage/results/results.h"
#include "tests/support/sweep_rows.h"

namespace zerosweep {
namespace {

namespace fs = std::filesystem;

constexpr int kMethods = 40, kModels = 10, kSeeds = 50;
constexpr int kBits[] = {8, 6, 5, 4, 3};
constexpr int kSeedsWithOutcomes = 10;  // of the first network: 2,000 evaluations
constexpr int kSeedsWithCurves = 5;
constexpr int kTestImages = 10'000;
constexpr int kGridSide = 256;   // pixels of a grid of samples, which compress badly
constexpr size_t kBatch = 2000;  // stages a transaction

std::string Fake(const std::string& what) { return Sha256Hex(what); }

// Two rows of each name, which differ in a parameter; the first two are on real images.
std::string MethodOf(int method) {
  return method < 2 ? "real" : fmt::format("method_{:02}", method / 2);
}

Json Resolved(int method, int model, int bits) {
  return {{"bits", {{"a", bits}, {"w", bits}}},
          {"dataset", {{"fingerprint", Fake("cifar10")}, {"name", "cifar10"}}},
          {"evaluate", {{"limit", 0}}},
          {"method", MethodOf(method)},
          {"model",
           {{"arch", "resnet20_cifar_a"},
            {"card", Fake("card")},
            {"mean", {0.485, 0.456, 0.406}},
            {"name", fmt::format("network_{}", model)},
            {"std", {0.229, 0.224, 0.225}},
            {"weights", Fake(fmt::format("weights {}", model))}}},
          {"protocol",
           {{"act_grid", "asymmetric_per_tensor"},
            {"act_init", "fp"},
            {"act_placement", "op_output"},
            {"bn", "folded"},
            {"first_w", 8},
            {"last_in_a", 8},
            {"last_w", 8},
            {"select", "last"},
            {"stem_out_a", "same"},
            {"w_grid", "asymmetric_per_channel"}}},
          {"quantizer",
           {{"name", "brecq"},
            {"params",
             {{"act_init_images", 64},
              {"batch", 32},
              {"iterations", method % 2 == 0 ? 5000 : 20000},
              {"lr_act_step", 4e-05},
              {"lr_rounding", 0.001},
              {"round_weight", 0.01},
              {"warmup", 0.2}}}}},
          {"synthesizer", {{"name", MethodOf(method)}, {"params", {{"images", 1024}}}}},
          {"teacher", {{"limit", 0}}},
          {"variant", "code"}};
}

std::shared_ptr<const Configuration> ConfigurationOf(int method, int model, int bits) {
  Configuration configuration{.dataset = "cifar10",
                              .model = fmt::format("network_{}", model),
                              .method = MethodOf(method),
                              .synthesizer = MethodOf(method),
                              .quantizer = "brecq",
                              .w_bits = static_cast<double>(bits),
                              .a_bits = static_cast<double>(bits),
                              .bits = fmt::format("w{0}a{0}", bits),
                              .protocol = "brecq",
                              .variant = "code",
                              .resolved = Resolved(method, model, bits)};
  return std::make_shared<const Configuration>(std::move(configuration));
}

std::shared_ptr<const StageDesign> Design(std::string kind, std::string implementation, Json params,
                                          std::vector<std::string> roles) {
  return std::make_shared<const StageDesign>(
      StageDesign{.kind = std::move(kind),
                  .implementation = std::move(implementation),
                  .params = std::move(params),
                  .roles = std::move(roles)});
}

// The sweep, methods outermost; names are made up.
SweepRows Rows(int seeds) {
  SweepRows rows;
  const auto add = [&rows](const auto& design, std::optional<int64_t> seed,
                           std::vector<size_t> inputs, const std::string& name) {
    rows.stages.push_back({Fake(name), design, seed, std::move(inputs)});
    return rows.stages.size() - 1;
  };
  const auto evaluate = Design("evaluate", "evaluate", {{"dataset", "cifar10"}}, {"quantized"});
  std::vector<size_t> teachers;
  for (int model = 0; model < kModels; ++model)
    teachers.push_back(add(Design("teacher", "teacher", {{"model", model}}, {}), std::nullopt, {},
                           fmt::format("teacher {}", model)));
  for (int method = 0; method < kMethods; ++method) {
    const auto synthesize = Design("synthesize", MethodOf(method), {{"images", 1024}}, {"teacher"});
    for (int model = 0; model < kModels; ++model) {
      const size_t teacher = teachers[static_cast<size_t>(model)];
      std::vector<size_t> images;
      for (const int bits : kBits) {
        const auto configuration = ConfigurationOf(method, model, bits);
        const auto quantize = Design("quantize", "brecq", configuration->resolved.at("quantizer"),
                                     {"images", "teacher"});
        for (int seed = 0; seed < seeds; ++seed) {
          const std::string cell = fmt::format("{} {} {}", method, model, seed);
          if (bits == kBits[0])
            images.push_back(add(synthesize, seed, {teacher}, "synthesize " + cell));
          const size_t synthesized = images[static_cast<size_t>(seed)];
          const size_t quantized = add(quantize, seed, {synthesized, teacher},
                                       fmt::format("quantize {} {}", cell, bits));
          const size_t evaluated =
              add(evaluate, std::nullopt, {quantized}, fmt::format("evaluate {} {}", cell, bits));
          rows.trials.push_back({Fake(fmt::format("trial {} {}", cell, bits)),
                                 configuration,
                                 {seed, seed},
                                 {teacher, synthesized, quantized, evaluated}});
        }
      }
    }
  }
  return rows;
}

class Filler {
 public:
  explicit Filler(const Home& home)
      : home_(home), lock_(home, SystemClock()), writer_(home, lock_) {}

  void Add(const std::string& sweep, const SweepRows& rows) {
    writer_.AddSweep(sweep, "name: " + sweep, Json::object(), rows.trials, rows.stages);
  }

  void Finish(const SweepRows& rows) {
    std::vector<const TrialRow*> trial_of(rows.stages.size());
    for (auto trial = rows.trials.rbegin(); trial != rows.trials.rend(); ++trial)
      for (const size_t stage : trial->stages) trial_of[stage] = &*trial;
    for (size_t i = 0; i < rows.stages.size(); ++i) {
      if (i % kBatch == 0) writer_.Begin();
      Finish(rows.stages[i], *trial_of[i]);
      if ((i + 1) % kBatch == 0 || i + 1 == rows.stages.size()) writer_.Commit();
    }
  }

 private:
  void Finish(const StageRow& stage, const TrialRow& trial) {
    const std::string& kind = stage.design->kind;
    const double bits = trial.configuration->w_bits;
    const int64_t seed = trial.seeds.quantize;
    const double top1 = 92 - 60 / (bits * bits) + noise_(random_);
    std::map<std::string, double> metrics;
    if (kind == "teacher") metrics = {{"fp32_top1", 93.5}, {"fp32_loss", 0.21}};
    if (kind == "synthesize") {
      metrics = {{"images", 1024},       {"initial_loss", 9.5}, {"final_loss", 0.4},
                 {"class_entropy", 2.2}, {"confidence", 0.8},   {"bn_spread", 0.3}};
      if (seed == 0) PublishGrid(stage.name);
    }
    if (kind == "quantize") metrics = {{"size_bytes", 34000 * bits}, {"bitops", 4e7 * bits * bits}};
    if (kind == "evaluate")
      metrics = {{"top1", top1}, {"loss", 0.4}, {"agreement", top1 + 2}, {"images", kTestImages}};
    FinishStage(writer_, stage.name, metrics, 10 + noise_(random_));
    if (kind == "evaluate" && trial.configuration->model == "network_0" &&
        seed < kSeedsWithOutcomes)
      writer_.AddCorrectness(stage.name, Outcomes(top1), kTestImages);
    if (kind == "synthesize" && seed < kSeedsWithCurves)
      writer_.AddCurve(stage.name, "loss", x_, x_);
  }

  // One bit an image; images differ in how hard they are.
  std::string Outcomes(double top1) {
    std::string bits(kTestImages / 8, '\0');
    for (int i = 0; i < kTestImages; ++i)
      if (100.0 * i / kTestImages + 5 * noise_(random_) < top1)
        bits[static_cast<size_t>(i / 8)] |= static_cast<char>(1 << (i % 8));
    return bits;
  }

  // An artifact whose grid of samples has the size of one of noisy images.
  void PublishGrid(const std::string& stage) {
    const fs::path folder = home_.artifact(Sha256Hex("artifact of " + stage));
    MakePrivateFolder(folder);
    std::string png(kGridSide * kGridSide * 3, '\0');
    for (char& byte : png) byte = static_cast<char>(random_());
    WriteFileDurably(folder / "samples.png", png);
    Manifest manifest{.stage = stage, .attempt = "bench", .files = {}, .metrics = {}};
    SealArtifact(folder, manifest);
  }

  Home home_;
  HomeLock lock_;
  ResultsWriter writer_;
  std::mt19937_64 random_{1};
  std::normal_distribution<double> noise_{0, 0.3};
  const std::vector<double> x_ = [] {
    std::vector<double> x(512);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
    return x;
  }();
};

void Fill(const Home& home) {
  const double start = SystemClock().Monotonic();
  home.Create();
  Filler filler(home);
  const SweepRows all = Rows(kSeeds);
  filler.Add("large", all);
  filler.Finish(all);
  filler.Add("small", Rows(1));  // of one seed: 2,000 trials that both sweeps hold
  std::printf("filled in %.0f s: %zu trials, %zu stages, results.db has %s\n",
              SystemClock().Monotonic() - start, all.trials.size(), all.stages.size(),
              HumanBytes(static_cast<double>(fs::file_size(home.database()))).c_str());
}

struct Timed {
  double wall = 0, cpu = 0;  // seconds
};

// One run of `zerosweep --home HOME words…`, what it prints into `output`.
Timed Run(const Home& home, const std::vector<std::string>& words, const fs::path& output) {
  SpawnOptions options;
  options.words = {ProgramFolder() / "zerosweep", "--home", home.folder, "--quiet"};
  options.words.insert(options.words.end(), words.begin(), words.end());
  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  options.descriptors = {{file, STDOUT_FILENO}};
  const double start = SystemClock().Monotonic();
  const pid_t child = Spawn(options);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  const double wall = SystemClock().Monotonic() - start;
  close(file);
  if (status != 0) Fail(ErrorKind::kInternal, "zerosweep {} failed", Join(words, " "));
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return {wall, seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

void Time(const Home& home, std::vector<std::string> words) {
  constexpr int kRuns = 3;
  const fs::path printed = home.folder / "bench.out";
  fs::path output = printed;
  if (words[0] == "report") output = words.back() = home.folder / words.back();
  Timed best{1e9, 1e9};
  for (int run = 0; run < kRuns; ++run) {
    const Timed timed = Run(home, words, printed);
    best = {std::min(best.wall, timed.wall), std::min(best.cpu, timed.cpu)};
  }
  words.back() = words[0] == "report" ? output.filename().string() : words.back();
  std::printf("%7.3f s  %7.3f s  %9s  %s\n", best.wall, best.cpu,
              HumanBytes(static_cast<double>(fs::file_size(output))).c_str(),
              Join(words, " ").substr(0, 110).c_str());
  std::fflush(stdout);
}

void Read(const Home& home) {
  const std::string trial = Fake("trial 7 3 11 4"), stage = Fake("evaluate 7 3 11 4");
  const std::string named = "= '" + trial + "'", of_stage = "= '" + stage + "'";
  std::printf("   wall        CPU     output  (the best of three)\n");
  const std::vector<std::vector<std::string>> commands = {
      {"leaderboard"},
      {"leaderboard", "large", "--format", "json"},
      {"leaderboard", "small"},
      {"leaderboard", "large", "--where", "method=method_05,bits=w4a4"},
      {"leaderboard", "--where", "trial=" + trial.substr(0, 12)},
      {"report", "large", "-o", "report.html"},
      {"report", "large", "-o", "report.md"},
      {"compare"},
      {"compare", "--versus", "real", "--where", "model=network_0,bits=w4a4"},
      {"status"},
      {"status", "small"},
      {"query", "SELECT * FROM v_trial WHERE trial " + named},
      {"query", "SELECT trial, top1, seconds FROM v_trial WHERE sweep = 'small'"},
      {"query", "SELECT count(*) FROM v_trial WHERE sweep = 'large'"},
      {"query", "SELECT stage, kind FROM v_trial_stage WHERE trial " + named},
      {"query", "SELECT trial FROM v_trial_stage WHERE stage " + of_stage},
      {"query", "SELECT * FROM v_stage WHERE stage " + of_stage},
      {"query", "SELECT * FROM v_attempt WHERE stage " + of_stage},
      {"query", "SELECT * FROM v_metric WHERE stage " + of_stage},
      {"query", "SELECT * FROM v_artifact WHERE stage " + of_stage},
      {"query", "SELECT stage, bytes FROM v_artifact WHERE artifact = '" +
                    Fake("artifact of " + stage) + "'"},
      {"query",
       "SELECT method, w_bits, a_bits, avg(top1) FROM v_trial WHERE sweep = 'large' AND state = "
       "'done' GROUP BY 1, 2, 3"},
  };
  for (const auto& words : commands) Time(home, words);
}

int Main(int argc, char** argv) {
  if (argc != 2) Fail(ErrorKind::kUsage, "usage: reading_bench HOME");
  const Home home{argv[1]};
  if (!fs::exists(home.database())) Fill(home);
  Read(home);
  return kExitOk;
}

}  // namespace
}  // namespace zerosweep

int main(int argc, char** argv) {
  try {
    return zerosweep::Main(argc, argv);
  } catch (const zerosweep::Error& error) {
    std::fprintf(stderr, "reading_bench: %s\n", error.what());
    return zerosweep::ExitCodeFor(error.kind());
  }
}
