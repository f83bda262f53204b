// Reads damaged files for a while.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/files.h"

namespace zerosweep {

struct FuzzTarget {
  std::string name;    // of the program
  std::string reads;   // for its help: "mutations of tests/golden/checkpoints"
  std::string result;  // what an accepted mutation still is: "weights"
  std::vector<std::filesystem::path> files;  // a file FILE.data next to one stays as it is
  std::string (*mutate)(const std::string& bytes, std::mt19937_64& random) = nullptr;
  // Whether the file was accepted; throws where a reader fails.
  bool (*read)(const std::filesystem::path& file) = nullptr;
};

// The main function of a program with the options --seconds and --seed.
inline int FuzzFor(const FuzzTarget& target, int argc, char** argv) {
  namespace fs = std::filesystem;
  double seconds = 300;
  uint64_t first = 1;
  CLI::App app{target.name + ": reads " + target.reads};
  app.add_option("--seconds", seconds, "How long");
  app.add_option("--seed", first, "Of the first mutation; the others follow");
  CLI11_PARSE(app, argc, argv);
  const std::vector<fs::path>& files = target.files;
  std::vector<std::string> seeds;
  const fs::path folder =
      fs::temp_directory_path() / (target.name + "-" + std::to_string(getpid()));
  fs::create_directory(folder);
  for (const fs::path& file : files) {
    seeds.push_back(ReadFile(file));
    if (const fs::path data = file.string() + ".data"; fs::exists(data))
      fs::copy_file(data, folder / data.filename());
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
    const std::string bytes = target.mutate(seeds[done % seeds.size()], random);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    const double before = elapsed();
    try {
      taken += target.read(file) ? 1 : 0;
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
      "%llu mutations of %zu files, %llu of them still %s, %llu refused; at most %ld MB and %.1f "
      "s\n",
      static_cast<unsigned long long>(done), files.size(), static_cast<unsigned long long>(taken),
      target.result.c_str(), static_cast<unsigned long long>(done - taken), usage.ru_maxrss >> 10,
      slowest);
  return 0;
}

}  // namespace zerosweep
