#include "sweeps/work.h"

#include <algorithm>

namespace zerosweep {
namespace {

constexpr double kCalibrationImages = 1024;
constexpr double kTrainingImages = 50'000;
constexpr double kTestImages = 10'000;

struct Counts {
  double steps = 0, epochs = 0, images = 0, batch = 0;
};

void Add(const Json& params, Counts& counts) {
  if (!params.is_structured()) return;
  for (const auto& [name, value] : params.items()) {
    if (value.is_structured()) Add(value, counts);
    if (!value.is_number()) continue;
    const double number = value.get<double>();
    if (name == "iterations" || name.ends_with("_iterations") || name == "warm_up")
      counts.steps += number;
    if (name == "epochs") counts.epochs += number;
    if (name == "images") counts.images += number;
    if (name == "batch") counts.batch += number;
  }
}

double PixelsOf(const Json& shape) { return shape.at(1).get<double>() * shape.at(2).get<double>(); }

}  // namespace

double Work(const Json& params) {
  Counts counts;
  Add(params, counts);
  if (counts.epochs > 0) return counts.epochs * kTrainingImages;
  const double of_step = counts.images > 0                      ? counts.images
                         : counts.steps > 0 && counts.batch > 0 ? counts.batch
                                                                : kCalibrationImages;
  return std::max(1.0, counts.steps) * of_step;
}

WorkFacts::WorkFacts(const Catalogue& catalogue) {
  for (const std::string& name : catalogue.Names("model")) {
    const Json& facts = catalogue.Find("model", name)->at("facts");
    if (facts.contains("macs"))
      networks_[name] = {facts.at("macs"), PixelsOf(facts.at("input_shape"))};
  }
  for (const std::string& name : catalogue.Names("dataset")) {
    const Json& facts = catalogue.Find("dataset", name)->at("facts");
    // Images in folders are brought to the size that the network wants.
    if (!facts.contains("folders")) pixels_[name] = PixelsOf(facts.at("shape"));
    if (const double images = facts.value("test_images", 0.0); images > 0)
      test_images_[name] = images;
  }
  for (const std::string& name : catalogue.Names("quantizer"))
    if (zerosweep::IsJoint(*catalogue.Find("quantizer", name))) joint_.insert(name);
}

std::optional<double> WorkFacts::Macs(const std::string& arch, const std::string& dataset) const {
  const auto network = networks_.find(arch);
  if (network == networks_.end()) return std::nullopt;
  const auto& [macs, pixels] = network->second;
  const auto images = pixels_.find(dataset);
  return images == pixels_.end() ? macs : macs * images->second / pixels;
}

double WorkFacts::TestImages(const std::string& dataset) const {
  const auto images = test_images_.find(dataset);
  return images == test_images_.end() ? kTestImages : images->second;
}

}  // namespace zerosweep
