// A model card: what a file of trained weights is, beside it as <name>.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"

namespace zerosweep {

struct ModelCard {
  std::string name;
  std::string arch;                  // engine/models/registry.h
  std::string dataset;               // engine/data/dataset.h
  std::vector<int64_t> input_shape;  // C, H, W
  int classes = 0;
  std::vector<double> mean;  // per channel, in units of [0, 1] pixels
  std::vector<double> std;
  double top1 = 0;  // in per cent, on test_images images
  int64_t test_images = 0;
  uint64_t seed = 0;
  Json recipe = Json::object();
  std::string weights_file;    // relative to the card
  std::string weights_sha256;  // lower-case hex
};

Json ToJson(const ModelCard& card);

// Strict: all keys are required and no others allowed. Throws kUsage, naming `origin` and, for an
// unknown key, the nearest known one.
ModelCard ModelCardFromJson(const Json& json, const std::string& origin);
ModelCard ReadModelCard(const std::filesystem::path& path);

}  // namespace zerosweep
