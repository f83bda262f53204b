// A folder with datasets, weights and a sweep, to expand against the test catalogue. Needs the room
// sweeps.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "sweeps/plan/plan.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_catalogue.h"

namespace zerosweep {

class SweepFolder {
 public:
  SweepFolder() : catalogue_(TestDeclarations(), TestRecipes()) {
    Write("data/test_batch.bin", "cifar test");
    Write("data/calibration_batch.bin", "cifar calibration");
    Write("data/net.safetensors", "weights");
    for (const char* file :
         {"train-images.gz", "train-labels.gz", "t10k-images.gz", "t10k-labels.gz"}) {
      Write(std::string("fashion/") + file, std::string("fashion ") + file);
    }
    Write("models/small.safetensors", "small weights");
    Write("models/small.json", Card("small", "small weights").dump());
    std::filesystem::create_directory(folder_ / "home");
  }

  // A card of a Fashion-MNIST network whose weights are `bytes`.
  static Json Card(const std::string& name, const std::string& bytes) {
    return {{"name", name},
            {"arch", "resnet20_cifar_a"},
            {"dataset", "fashion_mnist"},
            {"classes", 10},
            {"mean", {0.25}},
            {"std", {0.5}},
            {"top1", 93.5},
            {"weights_file", name + ".safetensors"},
            {"weights_sha256", Sha256Hex(bytes)}};
  }

  // Writes a file old enough for its digest to be remembered.
  void Write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  const Catalogue& catalogue() const { return catalogue_; }

  NetworkInspector inspect;  // of the options

  ExpandOptions Options(const std::vector<std::string>& overrides = {}) const {
    ExpandOptions options;
    options.file = folder_ / "sweep.yaml";
    options.overrides = overrides;
    options.model_folders = {folder_ / "models"};
    options.home.folder = folder_ / "home";
    options.inspect = inspect;
    return options;
  }

  Plan Expand(const std::string& yaml, const std::vector<std::string>& overrides = {}) const {
    Write("sweep.yaml", yaml);
    return ExpandSweep(Options(overrides), catalogue_);
  }

  // The message of the usage error that expanding throws, without this folder's path.
  std::string ErrorOf(const std::string& yaml,
                      const std::vector<std::string>& overrides = {}) const {
    try {
      Expand(yaml, overrides);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
      return Shown(error.what());
    }
    return "no error";
  }

  // The text without this folder's path.
  std::string Shown(std::string text) const {
    const std::string prefix = folder_.path().string() + "/";
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

 private:
  TempFolder folder_;
  Catalogue catalogue_;
};

// The first two lines of most test sweeps: CIFAR-10 and a network without a card.
inline std::string CifarSweep(const std::string& rest) {
  return "name: t\n"
         "data: data\n"
         "fixed:\n"
         "  model: {file: net.safetensors, arch: resnet20_cifar_a, dataset: cifar10, "
         "normalisation: {mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}}\n" +
         rest;  // begins at line 5
}

inline const StageDesign& DesignOf(const Plan& plan, const TrialRow& trial,
                                   const std::string& kind) {
  return *StageOf(trial, kind, plan.stages).design;
}

inline StageSpec SpecOf(const Plan& plan, const TrialRow& trial, const std::string& kind) {
  return SpecOf(StageOf(trial, kind, plan.stages), plan.stages);
}

inline size_t CountStages(const Plan& plan, const std::string& kind) {
  size_t count = 0;
  for (const StageRow& stage : plan.stages) count += stage.design->kind == kind ? 1 : 0;
  return count;
}

}  // namespace zerosweep
