// The real `zerosweep` as a user calls it, in a folder with a tiny dataset, weights and sweeps.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/engine/tiny_weights.h"
#include "tests/support/orphans.h"
#include "tests/support/running.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

inline std::string BuildFolder() { return std::getenv("ZEROSWEEP_BUILD"); }
inline std::filesystem::path SourceFolder() { return std::getenv("ZEROSWEEP_SOURCE"); }

// Everything lies in one temporary folder: data/, tiny.safetensors, home/.
class CommandLine {
 public:
  CommandLine() {
    WriteCifarBatch(folder_ / "data" / "test_batch.bin", 120, 1);
    WriteCifarBatch(folder_ / "data" / "calibration_batch.bin", 120, 2);
    Write("tiny.safetensors", TinyWeights().Bytes());
    for (const char* name : {"PATH", "TMPDIR"}) {
      if (const char* value = std::getenv(name)) environment_[name] = value;
    }
    environment_["HOME"] = folder_.path();
  }

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  std::filesystem::path home() const { return folder_ / home_; }
  void UseHome(const std::string& name) { home_ = name; }
  void SetEnvironment(const std::string& name, const std::string& value) {
    environment_[name] = value;
  }
  void Write(const std::string& name, const std::string& bytes) const {
    WriteBytes(folder_ / name, bytes);
  }

  // A sweep of the tiny network under the profile `smoke`; `rest` begins at line 5.
  static std::string Sweep(const std::string& rest, const std::string& model = kModel) {
    return "name: tiny\n"
           "data: data\n"
           "profile: smoke\n"
           "fixed: {model: " +
           model + "}\n" + rest;
  }
  static std::string NoiseSweep(const std::string& model = kModel) {
    return Sweep("grid:\n  method: [noise]\n  bits: [w8a8]\n", model);
  }
  // Noise and ZeroQ at these bit-widths and seeds.
  std::filesystem::path WriteSmokeSweep(const std::string& bits,
                                        const std::string& seeds = "0, 1") const {
    Write("sweep.yaml", Sweep("grid:\n  method: [noise, zeroq]\n  bits: [" + bits + "]\nseeds: [" +
                              seeds + "]\n"));
    return folder_ / "sweep.yaml";
  }

  // zerosweep --home HOME WORDS…
  std::unique_ptr<Running> Start(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {BuildFolder() + "/bin/zerosweep", "--home", home()};
    command.insert(command.end(), words.begin(), words.end());
    return StartProgram(command);
  }
  std::unique_ptr<Running> StartProgram(const std::vector<std::string>& command) const {
    return std::make_unique<Running>(command, environment_,
                                     folder_ / ("output." + std::to_string(++started_)));
  }
  Finished Do(const std::vector<std::string>& words) const { return Start(words)->Wait(); }
  // The one line with which it refuses the words as a usage error.
  std::string Refused(const std::vector<std::string>& words) const {
    const Finished finished = Do(words);
    EXPECT_EQ(finished.code, 2) << finished.err;
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    return finished.err;
  }
  Json Query(const std::string& sql) const { return Do({"--format", "json", "query", sql}).json(); }
  // The single cell of a query's single row.
  Json Value(const std::string& sql) const {
    const Json rows = Query(sql);
    EXPECT_EQ(rows.size(), 1U) << sql;
    return rows.empty() ? Json() : *rows[0].begin();
  }

  void ExpectNoOrphans(double patience = 20) const { zerosweep::ExpectNoOrphans(home(), patience); }

  static constexpr const char* kModel =
      "{file: tiny.safetensors, arch: resnet20_cifar_a, dataset: cifar10, normalisation: "
      "{mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}";

 private:
  TempFolder folder_;
  std::string home_ = "home";
  std::map<std::string, std::string> environment_;
  mutable int started_ = 0;
};

}  // namespace zerosweep
