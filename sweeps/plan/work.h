// How much stages compute, from their parameters and from what the catalogue declares.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "sweeps/values/catalogue.h"

namespace zerosweep {

// The number of images that go through the network: steps × images per step. Steps are the sum of
// "iterations", parameters that end in "_iterations", and "warm_up", at any depth. A step sees
// "images", or a "batch" where there are none, or (correction, calibration) the usual number of
// calibration images. Each of "epochs" sees a training set.
double Work(const Json& params);

// What a stage works on; empty where unknown.
struct Workload {
  std::string model, dataset, arch;
};

// What a catalogue declares about the work of its networks, datasets and methods.
class WorkFacts {
 public:
  WorkFacts() = default;  // knows nothing
  explicit WorkFacts(const Catalogue& catalogue);

  // Adds the network that a model's file holds.
  void AddNetwork(const std::string& model, const ModelFacts& facts);

  // Multiply-adds of the network for one image of the dataset; nullopt if not known.
  std::optional<double> Macs(const Workload& subject) const;
  // Size of the dataset's test split; 10,000 if not declared.
  double TestImages(const std::string& dataset) const;
  // Rule of thumb: passes of an image through the network in one step.
  double Passes(const std::string& kind, const std::string& implementation) const;
  bool ReadsTestImages(const std::string& kind) const;

 private:
  struct Network {
    double macs = 0;
    double pixels = 0;  // of the images for which they are counted
  };
  static Network NetworkOf(const ModelFacts& facts);

  std::map<std::string, Network> networks_;    // by architecture
  std::map<std::string, Network> from_files_;  // by model
  std::map<std::string, double> pixels_;       // by dataset, where all images have one size
  std::map<std::string, double> test_images_;  // by dataset
  std::map<std::string, KindFacts> kinds_;
  std::set<std::string> joint_;  // quantizers that train a generator together with their network
};

}  // namespace zerosweep
