#include "sweeps/plan/work.h"

#include <algorithm>

#include "contract/weight_files.h"

namespace zerosweep {
namespace {

constexpr double kCalibrationImages = 1024;
constexpr double kTrainingImages = 50'000;
constexpr double kTestImages = 10'000;
// Passes of the generator through the teacher, of the student, and of its targets.
constexpr double kJointPasses = 7;

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

double PixelsOf(const std::array<int64_t, 3>& shape) {
  return static_cast<double>(shape[1]) * static_cast<double>(shape[2]);
}

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

WorkFacts::Network WorkFacts::NetworkOf(const ModelFacts& facts) {
  return {static_cast<double>(facts.macs), PixelsOf(facts.input_shape)};
}

WorkFacts::WorkFacts(const Catalogue& catalogue) {
  for (const Declaration& model : catalogue.Of(Role::kModel)) {
    if (model.model().macs > 0) networks_[model.name] = NetworkOf(model.model());
  }
  for (const Declaration& dataset : catalogue.Of(Role::kDataset)) {
    const DatasetFacts& facts = dataset.dataset();
    // Images in folders are resized to what the network takes.
    if (!facts.in_image_files()) pixels_[dataset.name] = PixelsOf(facts.shape);
    if (facts.test_images > 0) test_images_[dataset.name] = static_cast<double>(facts.test_images);
  }
  for (const Declaration& kind : catalogue.Of(Role::kKind)) kinds_[kind.name] = kind.kind();
  for (const Declaration& quantizer : catalogue.Of(Role::kQuantizer))
    if (quantizer.method().joint) joint_.insert(quantizer.name);
}

double WorkFacts::Passes(const std::string& kind, const std::string& implementation) const {
  if (joint_.contains(implementation)) return kJointPasses;
  const auto known = kinds_.find(kind);
  return known == kinds_.end() ? KindFacts().passes : known->second.passes;
}

bool WorkFacts::ReadsTestImages(const std::string& kind) const {
  const auto known = kinds_.find(kind);
  return known != kinds_.end() && known->second.reads_test_images;
}

void WorkFacts::AddNetwork(const std::string& model, const ModelFacts& facts) {
  if (facts.macs > 0) from_files_[model] = NetworkOf(facts);
}

std::optional<double> WorkFacts::Macs(const Workload& subject) const {
  const bool from_file = subject.arch == kImportedArch;
  const auto& networks = from_file ? from_files_ : networks_;
  const auto network = networks.find(from_file ? subject.model : subject.arch);
  if (network == networks.end()) return std::nullopt;
  const auto& [macs, pixels] = network->second;
  const auto images = pixels_.find(subject.dataset);
  return images == pixels_.end() ? macs : macs * images->second / pixels;
}

double WorkFacts::TestImages(const std::string& dataset) const {
  const auto images = test_images_.find(dataset);
  return images == test_images_.end() ? kTestImages : images->second;
}

}  // namespace zerosweep
