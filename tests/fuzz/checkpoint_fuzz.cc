// Reads damaged checkpoints for a while, in a build with sanitizers: `make fuzz`.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>

#include "base/files.h"
#include "tests/support/engine/checkpoint_mutations.h"

namespace {
namespace fs = std::filesystem;

int Main(int argc, char** argv) {
  double seconds = 300;
  uint64_t first = 1;
  CLI::App app{"checkpoint_fuzz: reads mutations of tests/golden/checkpoints"};
  app.add_option("--seconds", seconds, "How long");
  app.add_option("--seed", first, "Of the first mutation; the others follow");
  CLI11_PARSE(app, argc, argv);
  const std::vector<fs::path> files = zerosweep::GoldenCheckpoints();
  std::vector<std::string> seeds;
  for (const fs::path& file : files) seeds.push_back(zerosweep::ReadFile(file));
  const fs::path folder =
      fs::temp_directory_path() / ("checkpoint_fuzz-" + std::to_string(getpid()));
  fs::create_directory(folder);
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  uint64_t done = 0, taken = 0;
  for (double shown = 0; elapsed() < seconds; ++done) {
    std::mt19937_64 random(first + done);
    const fs::path file = folder / files[done % files.size()].filename();
    const std::string bytes = zerosweep::Mutated(seeds[done % seeds.size()], random);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    try {
      taken += zerosweep::ReadsOrRefuses(file) ? 1 : 0;
    } catch (const std::exception& error) {
      std::printf("seed %llu: %s\n%s is kept\n", static_cast<unsigned long long>(first + done),
                  error.what(), file.c_str());
      return 1;
    }
    if (elapsed() - shown < 10) continue;
    shown = elapsed();
    std::printf("%.0f s: %llu mutations\n", shown, static_cast<unsigned long long>(done + 1));
    std::fflush(stdout);
  }
  fs::remove_all(folder);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "%llu mutations of %zu files, %llu of them still weights, %llu refused; at most "
      "%ld MB\n",
      static_cast<unsigned long long>(done), files.size(), static_cast<unsigned long long>(taken),
      static_cast<unsigned long long>(done - taken), usage.ru_maxrss >> 10);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return Main(argc, argv); }
