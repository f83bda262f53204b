// Reads damaged ONNX files for a while, in a build with sanitizers: `make fuzz`.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>

#include "base/files.h"
#include "tests/support/engine/import/onnx_mutations.h"

namespace {
namespace fs = std::filesystem;

int Main(int argc, char** argv) {
  double seconds = 300;
  uint64_t first = 1;
  CLI::App app{"onnx_fuzz: reads mutations of tests/golden/onnx"};
  app.add_option("--seconds", seconds, "How long");
  app.add_option("--seed", first, "Of the first mutation; the others follow");
  CLI11_PARSE(app, argc, argv);
  const std::vector<fs::path> files = zerosweep::GoldenOnnx();
  const fs::path folder = fs::temp_directory_path() / ("onnx_fuzz-" + std::to_string(getpid()));
  fs::create_directory(folder);
  std::vector<std::string> seeds;
  for (const fs::path& file : files) {
    seeds.push_back(zerosweep::ReadFile(file));
    if (const fs::path data = file.string() + ".data"; fs::exists(data)) {
      fs::copy_file(data, folder / data.filename());
    }
  }
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  uint64_t done = 0, taken = 0;
  double slowest = 0;
  for (double shown = 0; elapsed() < seconds; ++done) {
    std::mt19937_64 random(first + done);
    const fs::path file = folder / files[done % files.size()].filename();
    const std::string bytes = zerosweep::MutatedOnnx(seeds[done % seeds.size()], random);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    const double before = elapsed();
    try {
      taken += zerosweep::ReadsOrRefusesOnnx(file) ? 1 : 0;
    } catch (const std::exception& error) {
      std::printf("seed %llu: %s\n%s is kept\n", static_cast<unsigned long long>(first + done),
                  error.what(), file.c_str());
      return 1;
    }
    slowest = std::max(slowest, elapsed() - before);
    if (elapsed() - shown < 10) continue;
    shown = elapsed();
    std::printf("%.0f s: %llu mutations\n", shown, static_cast<unsigned long long>(done + 1));
    std::fflush(stdout);
  }
  fs::remove_all(folder);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "%llu mutations of %zu files, %llu of them still networks, %llu refused; at most %ld MB and "
      "%.1f s\n",
      static_cast<unsigned long long>(done), files.size(), static_cast<unsigned long long>(taken),
      static_cast<unsigned long long>(done - taken), usage.ru_maxrss >> 10, slowest);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Main(argc, argv); }
