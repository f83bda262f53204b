// benchmark: networks in ONNX files against each other, under onnxruntime.
#include "cli/deploy/benchmark.h"

#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/output/table.h"
#include "cli/value_kinds.h"
#include "contract/weight_files.h"

namespace zerosweep {
namespace {

struct BenchmarkOptions {
  std::vector<std::string> files;
  BenchmarkSettings settings;
  std::string images;
};

Json Rounded(double value) { return std::stod(fmt::format("{:.3f}", value)); }

// With the files that hold its tensors.
uintmax_t SizeOf(const std::filesystem::path& file) {
  uintmax_t bytes = 0;
  for (const auto& part : WeightFiles(file)) bytes += std::filesystem::file_size(part);
  return bytes;
}

int RunBenchmarkCommand(const BenchmarkOptions& options, const Globals& globals) {
  std::vector<std::filesystem::path> files(options.files.begin(), options.files.end());
  for (const auto& file : files)
    if (!IsFile(file) || file.extension() != ".onnx")
      Fail(ErrorKind::kUsage, "{} must be a file that ends in .onnx", file.string());
  BenchmarkSettings settings = options.settings;
  settings.images = options.images;
  if (!options.images.empty() && !IsFile(settings.images))
    Fail(ErrorKind::kUsage, "--images {}: there is no such file", options.images);
  const Benchmark benchmark = RunBenchmark(files, settings, globals);
  Table table{.columns = {"network", "bytes", "milliseconds", "spread", "runs", "ratio",
                          "same_class", "sqnr"}};
  const double first = benchmark.networks.front().milliseconds;
  for (size_t i = 0; i < files.size(); ++i) {
    const Benchmark::Network& network = benchmark.networks[i];
    table.rows.push_back({files[i].string(), SizeOf(files[i]), Rounded(network.milliseconds),
                          Rounded(network.spread), network.runs,
                          Rounded(network.milliseconds / first),
                          network.same ? Rounded(*network.same) : Json(),
                          network.sqnr ? Rounded(*network.sqnr) : Json()});
  }
  PrintTable(table, globals);
  spdlog::info(
      "{}, {} thread{}, medians of runs in turns on batches of {}; agreement with the first on {} "
      "{}",
      benchmark.runtime, settings.threads, settings.threads == 1 ? "" : "s", benchmark.batch,
      benchmark.images, benchmark.real ? "images" : "images of noise (--images gives real ones)");
  return kExitOk;
}

const RegisterCommand kBenchmark{
    "benchmark", "Measure how fast ONNX files run, and how far they agree",
    [](CLI::App& app, BenchmarkOptions& options) {
      app.add_option("files", options.files,
                     "Files (.onnx); the others are compared with the first")
          ->type_name(kind::kFile)
          ->required()
          ->expected(1, 16);
      app.add_option("--batch", options.settings.batch,
                     "Images at once, where the file leaves that open")
          ->type_name(kind::kNumber)
          ->check(CLI::Range(1, 65536))
          ->capture_default_str();
      app.add_option("--threads", options.settings.threads, "Threads of onnxruntime")
          ->type_name(kind::kNumber)
          ->check(CLI::Range(1, 4096))
          ->capture_default_str();
      app.add_option("--seconds", options.settings.seconds,
                     "How long to measure, at least five runs of each")
          ->type_name(kind::kSeconds)
          ->check(CLI::Range(0.0, 300.0))
          ->capture_default_str();
      app.add_option("--images", options.images,
                     "Images to compare on, as the networks take them: a .npy of float32, N×C×H×W "
                     "(default: noise)")
          ->type_name(kind::kFile);
      app.footer("Example: zerosweep benchmark fp32.onnx w8a8.onnx --batch 8");
    },
    RunBenchmarkCommand};

}  // namespace
}  // namespace zerosweep
