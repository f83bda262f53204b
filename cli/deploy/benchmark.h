// How fast networks in ONNX files are under onnxruntime, and how close to the first of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace zerosweep {

struct BenchmarkSettings {
  int batch = 1, threads = 1;
  double seconds = 5;            // to measure at most, beyond five runs of each
  std::filesystem::path images;  // .npy, normalised; empty: noise
};

struct Benchmark {
  struct Network {
    double milliseconds = 0;  // of a batch, median
    double spread = 0;        // between the quartiles
    int runs = 0;
    std::optional<double> same;  // images with the class of the first network, in percent; absent:
                                 // the output is no vector of classes
    std::optional<double> sqnr;  // dB; absent: the outputs are equal
  };
  std::string runtime;
  int64_t batch = 0, images = 0;
  bool real = false;  // images were given
  std::vector<Network> networks;
};

// Runs them in turns, in a process without rights (python/zerosweep/benchmark.py). Throws kUsage
// when one of them cannot be run, and, saying how to have it, when onnxruntime is missing.
Benchmark RunBenchmark(const std::vector<std::filesystem::path>& files,
                       const BenchmarkSettings& settings, const Globals& globals);

}  // namespace zerosweep
