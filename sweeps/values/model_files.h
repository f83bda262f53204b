// The model of a trial: its weights, and the card that says what they are.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contract/output_kind.h"
#include "sweeps/values/data_files.h"

namespace zerosweep {

struct Model {
  std::string name;  // as shown: the shipped model's, or the file's stem, with the
                     // key that selects in it ("net:ema")
  const Declaration* architecture = nullptr;  // in the catalogue, or `imported`
  // Of a network that its file describes: the facts of that network. Null for built-in ones.
  std::shared_ptr<const Declaration> imported;
  const Declaration* dataset = nullptr;  // in the catalogue
  int64_t classes = 0;                   // 0: unknown, as many as the test images have
  OutputKind output = OutputKind::kClasses;
  int64_t input_side = 0;   // pixels of its input images: from the card, otherwise as published
  Json mean, std;           // one number per channel: the teacher's own normalisation
  Json top1;                // percent, from the card; null without one
  std::string card_digest;  // SHA-256 of the card; empty without one
  std::filesystem::path weights;   // absolute
  std::string weights_sha256;      // WeightsDigest (contract/weight_files.h)
  std::string weights_key;         // selects one of several state dicts in the file; usually empty
  std::vector<std::string> notes;  // remarks for the user
  std::string where;

  const std::string& arch() const { return architecture->name; }
  // What messages call its network: its architecture, or the model of a file that holds its own.
  const std::string& network() const { return imported ? name : arch(); }
  // Whether its images are squares. Only those of an imported network may be no squares.
  bool square() const {
    const auto& shape = architecture->model().input_shape;
    return !imported || shape[1] == shape[2];
  }
  int64_t channels() const { return static_cast<int64_t>(mean.size()); }
};

// The facts of the network in a file (IsNetworkFile) of that WeightsDigest, whose images have the
// given shape (C, H, W; empty: as the file says). Throws kUsage when it cannot be read.
using NetworkInspector =
    std::function<ModelFacts(const std::filesystem::path& file, const std::string& digest,
                             const std::vector<int64_t>& input_shape)>;

// Where models are looked for.
struct ModelPlaces {
  std::vector<std::filesystem::path> folders;  // of shipped models; their cards/ hold cards of
                                               // weights that are not shipped
  DataRoots roots;
  std::filesystem::path sweep_folder;
  NetworkInspector inspect;  // may be empty: then no network is taken from a file
};

// Finds `fashion_mnist-resnet20` (NAME.json in a model folder), or `{file: x.safetensors, key: …,
// arch: …, dataset: …, card: …, normalisation: {mean: […], std: […]}, classes: …, output: …}`, or
// `{file: x.onnx, …}`, with input_shape: […] in place of arch. The card of a file is
// `card:`, otherwise <stem>.json next to it if that is a card, otherwise the card in the model
// folders with the weights' SHA-256. Without a card, normalisation must be given. Throws kUsage,
// also when the weights are not those of their card.
Model FindModel(const YamlNode& node, const ModelPlaces& places, const Catalogue& catalogue,
                DigestCache& digests);

// Checks the form only: a word, or a map of known keys with a file. Throws kUsage.
void CheckModelForm(const YamlNode& node);

// The cards of the shipped models, sorted by name. Throws kUsage for a card that is not JSON.
std::vector<Json> ShippedCards(const std::vector<std::filesystem::path>& folders);

}  // namespace zerosweep
