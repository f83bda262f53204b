// How much stages have to compute: from their parameters, and from what the catalogue declares.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "sweeps/values/catalogue.h"

namespace zerosweep {

// How often an image goes through the network: steps × images a step. Steps are the sum of
// "iterations", what ends in "_iterations", and "warm_up", at any depth; a step sees "images", or a
// "batch" of them where none are named, or (correction, calibration) as many as calibration sets
// usually hold. "epochs" see a training set each.
double Work(const Json& params);

// What a catalogue declares of the work that its networks, datasets and methods ask for.
class WorkFacts {
 public:
  WorkFacts() = default;  // knows nothing
  explicit WorkFacts(const Catalogue& catalogue);

  // Multiply-adds of one image of the dataset through the network; nullopt when not declared.
  std::optional<double> Macs(const std::string& arch, const std::string& dataset) const;
  // Of the dataset's test split; 10,000 where it is not declared.
  double TestImages(const std::string& dataset) const;
  // Rule of thumb: how often an image goes through the network in a step.
  double Passes(const std::string& kind, const std::string& implementation) const;
  bool ReadsTestImages(const std::string& kind) const;

 private:
  struct Network {
    double macs = 0;
    double pixels = 0;  // of the images that they are counted for
  };
  std::map<std::string, Network> networks_;
  std::map<std::string, double> pixels_;       // by dataset whose images have one size
  std::map<std::string, double> test_images_;  // by dataset
  std::map<std::string, KindFacts> kinds_;
  std::set<std::string> joint_;  // quantizers that train a generator beside their network
};

}  // namespace zerosweep
