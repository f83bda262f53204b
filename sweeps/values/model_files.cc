#include "sweeps/values/model_files.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/files.h"
#include "base/text.h"
#include "contract/weight_files.h"
#include "sweeps/values/model_card.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// The JSON files of a folder, sorted by name; none if there is no such folder.
std::vector<fs::path> CardFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// "net" of net.safetensors, net.pth, net.pth.tar and net.safetensors.index.json.
std::string NameOfWeights(const fs::path& weights) {
  fs::path name = weights.stem();
  if (IsWeightIndex(weights)) name = name.stem().stem();
  if (weights.extension() == ".tar" && name.has_extension()) name = name.stem();
  return name;
}

std::optional<ModelCard> CardBySha256(const std::string& sha256, const ModelPlaces& places,
                                      const std::string& where) {
  for (const fs::path& folder : places.folders) {
    for (const fs::path& inside : {folder, folder / "cards"}) {
      for (const fs::path& file : CardFiles(inside)) {
        ModelCard card = ReadModelCard(file, where);
        if (card.json.value("weights_sha256", "") == sha256) return card;
      }
    }
  }
  return std::nullopt;
}

std::optional<ModelCard> FindCard(const YamlNode& node, const ModelPlaces& places, Model& model) {
  if (const YamlNode* card = node.Find("card")) {
    return ReadModelCard(FindFile(*card, "model card", places.roots, places.sweep_folder),
                         card->where);
  }
  const fs::path card = model.weights.parent_path() / (NameOfWeights(model.weights) + ".json");
  if (IsFile(card)) {
    if (MayBeModelCard(card)) return ReadModelCard(card, node.where);
    model.notes.push_back(fmt::format(
        "{} has none of the keys of a model card and is not taken for one", card.string()));
  }
  return CardBySha256(model.weights_sha256, places, node.where);
}

Json CheckedNumbers(const YamlNode& node, const std::string& label, bool positive) {
  const Json values = node.ToJson();
  if (!values.is_array() || values.empty()) {
    FailAt(node.where, "{} is {}, must be a list of one number a channel", label, node.Shown());
  }
  Json numbers = Json::array();
  for (const Json& value : values) {
    if (!value.is_number() || (positive && value.get<double>() <= 0)) {
      FailAt(node.where, "{} holds {}, must hold {}", label, value.dump(),
             positive ? "positive numbers" : "numbers");
    }
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

void TakeNormalisation(const YamlNode& node, Model& model) {
  RequireKeys(node, {"mean", "std"}, "normalisation");
  for (const char* key : {"mean", "std"}) {
    const YamlNode* values = node.Find(key);
    if (values == nullptr) FailAt(node.where, "normalisation has no {}", key);
    const bool is_std = std::string(key) == "std";
    (is_std ? model.std : model.mean) =
        CheckedNumbers(*values, std::string("normalisation.") + key, is_std);
  }
}

void TakeCard(const ModelCard& card, Model& model) {
  const std::string expected = card.json.value("weights_sha256", "");
  if (!expected.empty() && expected != model.weights_sha256) {
    FailAt(model.where,
           "{} is not the file of its card {}: its SHA-256 is {}…, the card says {}…; get the "
           "right file or correct the card",
           model.weights.string(), card.path.string(), model.weights_sha256.substr(0, 12),
           expected.substr(0, 12));
  }
  // Names contain doubles, however the card writes its numbers.
  model.mean = card.json["mean"].get<std::vector<double>>();
  model.std = card.json["std"].get<std::vector<double>>();
  // The accuracy is that on the card's own dataset.
  if (card.json.contains("top1") && card.json["dataset"] == model.dataset->name)
    model.top1 = card.json["top1"].get<double>();
  model.card_digest = JsonDigest(card.json);
}

// `arch` or `dataset`: from the sweep, otherwise from the card. If both give it, they must agree,
// except that a sweep may name images of the user's own.
std::string Agreed(const YamlNode& node, const std::string& key,
                   const std::optional<ModelCard>& card,
                   const std::function<bool(const std::string&)>& may_differ) {
  const YamlNode* given = node.Find(key);
  const std::string of_card = card ? card->json[key].get<std::string>() : "";
  if (given == nullptr) {
    if (of_card.empty()) FailAt(node.where, "model has no {} and no card that says it", key);
    return of_card;
  }
  const std::string& value = RequireWord(*given, "model." + key);
  if (!of_card.empty() && value != of_card && !may_differ(value)) {
    FailAt(given->where, "model.{} is '{}', but its card {} says '{}'", key, value,
           card->path.string(), of_card);
  }
  return value;
}

// The number of classes, from the sweep or the card where the dataset leaves it open.
int64_t ClassesOf(const YamlNode& node, const Model& model, const std::optional<ModelCard>& card) {
  constexpr int64_t kMostClasses = 10'000'000;
  int64_t classes = model.dataset->dataset().classes;
  if (classes == 0 && model.imported) classes = model.imported->model().classes;
  if (classes == 0 && card) classes = card->json.value("classes", int64_t{0});
  if (const YamlNode* given = node.Find("classes")) {
    const int64_t of_sweep = RequireInt(*given, "model.classes", 1, kMostClasses);
    if (classes > 0 && of_sweep != classes) {
      FailAt(given->where, "model.classes is {}, but {} has {}", of_sweep,
             model.dataset->dataset().classes > 0 ? "dataset " + model.dataset->name : "its card",
             classes);
    }
    classes = of_sweep;
  }
  if (classes == 0 && model.dataset->dataset().is_listed()) {
    FailAt(node.where,
           "model {}: images of {} do not tell how many classes it has: give classes: N in the "
           "sweep or in its card",
           model.name, model.dataset->name);
  }
  return classes;
}

OutputKind OutputOf(const YamlNode& node, const std::optional<ModelCard>& card) {
  const std::string of_card =
      card ? card->json.value("output", ToString(OutputKind::kClasses)) : "";
  const YamlNode* given = node.Find("output");
  const std::string word = given != nullptr   ? RequireWord(*given, "model.output")
                           : !of_card.empty() ? of_card
                                              : ToString(OutputKind::kClasses);
  const auto output = EnumOf<OutputKind>(kOutputWords, word);
  if (!output) {
    FailAt(given->where, "model.output is '{}'{}", word,
           Suggestion(word, {kOutputWords.begin(), kOutputWords.end()}));
  }
  if (card && card->json.contains("output") && word != of_card)
    FailAt(given->where, "model.output is '{}', but its card {} says '{}'", word,
           card->path.string(), of_card);
  return *output;
}

int64_t InputSideOf(const Model& model, const std::optional<ModelCard>& card) {
  if (model.imported) {
    const auto& shape = model.imported->model().input_shape;
    return std::min(shape[1], shape[2]);
  }
  if (card && card->json.contains("input_shape")) return card->json["input_shape"][1];
  const int64_t of_arch = model.architecture->model().input_shape[1];
  return of_arch > 0 ? of_arch : model.dataset->dataset().shape[1];
}

void CheckAgainstDataset(const YamlNode& node, Model& model, const std::optional<ModelCard>& card) {
  const DatasetFacts& facts = model.dataset->dataset();
  model.classes = ClassesOf(node, model, card);
  model.output = OutputOf(node, card);
  model.input_side = InputSideOf(model, card);
  int64_t of_card = card ? card->json.value("classes", model.classes) : model.classes;
  if (model.imported) of_card = model.imported->model().classes;
  if (of_card != model.classes) {
    FailAt(model.where, "model {} has {} classes, dataset {} has {}", model.name, of_card,
           model.dataset->name, model.classes);
  }
  // Images of a list are read in grey for a network that takes one channel.
  const bool grey = facts.is_listed() && model.mean.size() == 1;
  const size_t channels = grey ? 1 : static_cast<size_t>(facts.shape[0]);
  Json shape = card ? card->json.value("input_shape", Json()) : Json();
  if (!model.imported && !shape.is_null() && shape[1] != shape[2])
    FailAt(model.where,
           "model {} takes images of {} by its card, but images are cropped to squares", model.name,
           shape.dump());
  if (model.imported) shape = model.imported->model().input_shape;
  if (!shape.is_null()) {
    const Json of_data = facts.shape;
    if (shape[0] != channels || (!facts.in_image_files() && shape != of_data)) {
      FailAt(model.where, "model {} takes images of {}{}, those of dataset {} are {}", model.name,
             shape.dump(), model.imported ? "" : " by its card", model.dataset->name,
             of_data.dump());
    }
  }
  if (model.mean.size() != channels || model.std.size() != channels) {
    FailAt(model.where,
           "the normalisation of model {} has {} means and {} deviations, dataset {} "
           "has {} channels",
           model.name, model.mean.size(), model.std.size(), model.dataset->name, channels);
  }
}

// The shape of its images that the sweep or the card gives; empty: as the file says.
std::vector<int64_t> GivenShape(const YamlNode& node, const std::optional<ModelCard>& card) {
  if (const YamlNode* given = node.Find("input_shape")) {
    const Json shape = given->ToJson();
    const bool positive =
        shape.is_array() && shape.size() == 3 && std::ranges::all_of(shape, [](const Json& n) {
          return n.is_number_integer() && n.get<int64_t>() > 0;
        });
    if (!positive)
      FailAt(given->where,
             "model.input_shape is {}, must be [channels, height, width] of its images",
             given->Shown());
    return shape.get<std::vector<int64_t>>();
  }
  if (card && card->json.contains("input_shape"))
    return card->json["input_shape"].get<std::vector<int64_t>>();
  return {};
}

// Takes the architecture from the file itself.
void TakeNetwork(const YamlNode& node, const std::optional<ModelCard>& card,
                 const NetworkInspector& inspect, Model& model) {
  for (const char* key : {"arch", "key"})
    if (const YamlNode* given = node.Find(key))
      FailAt(given->where, "{} holds its network itself: leave model.{} out",
             model.weights.filename().string(), key);
  if (!inspect) FailAt(node.where, "{} cannot be looked into here", model.weights.string());
  const std::vector<int64_t> shape = GivenShape(node, card);
  auto declaration = std::make_shared<Declaration>();
  declaration->name = kImportedArch;
  try {
    declaration->facts = inspect(model.weights, model.weights_sha256, shape);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", node.where, error.what()));
  }
  model.imported = std::move(declaration);
  model.architecture = model.imported.get();
}

Model FromCardAndFile(const YamlNode& node, Model model, const std::optional<ModelCard>& card,
                      const Catalogue& catalogue, const NetworkInspector& inspect) {
  const auto never = [](const std::string&) { return false; };
  const auto own = [&](const std::string& name) {
    return catalogue.Get(Role::kDataset, name, node.where).dataset().is_listed();
  };
  if (IsNetworkFile(model.weights)) {
    TakeNetwork(node, card, inspect, model);
  } else {
    model.architecture =
        &catalogue.Get(Role::kModel, Agreed(node, "arch", card, never), node.where);
  }
  model.dataset = &catalogue.Get(Role::kDataset, Agreed(node, "dataset", card, own), node.where);
  if (card) TakeCard(*card, model);
  if (const YamlNode* given = node.Find("normalisation")) TakeNormalisation(*given, model);
  if (model.mean.is_null()) {
    FailAt(node.where,
           "model file {} has no card (none next to it, none with its SHA-256): give "
           "normalisation: {{mean: […], std: […]}} as it was trained with, or card: FILE",
           model.weights.string());
  }
  CheckAgainstDataset(node, model, card);
  return model;
}

// The digest of the weights. Several files are read in parallel.
std::string DigestOf(const Model& model, DigestCache& digests) {
  const std::vector<fs::path> files = WeightFiles(model.weights);
  for (const fs::path& file : files) {
    if (!IsFile(file)) {
      FailAt(model.where, "{} names {}, which is not there", model.weights.string(), file.string());
    }
  }
  digests.Prepare(files);
  return WeightsDigest(model.weights, [&](const fs::path& file) { return digests.Sha256Of(file); });
}

Model ShippedModel(const YamlNode& node, const ModelPlaces& places, const Catalogue& catalogue,
                   DigestCache& digests) {
  const std::string& name = RequireWord(node, "model");
  std::vector<std::string> known;
  for (const fs::path& folder : places.folders) {
    for (const fs::path& file : CardFiles(folder)) {
      known.push_back(file.stem());
      if (known.back() != name) continue;
      const ModelCard card = ReadModelCard(file, node.where);
      Model model;
      model.name = name;
      model.where = node.where;
      model.weights = folder / card.json.value("weights_file", name + ".safetensors");
      if (!IsFile(model.weights)) {
        FailAt(node.where, "model {}: its weights {} are missing", name, model.weights.string());
      }
      model.weights_sha256 = DigestOf(model, digests);
      return FromCardAndFile(node, std::move(model), card, catalogue, places.inspect);
    }
  }
  FailAt(node.where, "unknown model '{}'{}; a file of your own is {{file: …, arch: …, dataset: …}}",
         name, known.empty() ? " (no model is shipped here)" : Suggestion(name, known));
}

Model ModelOfFile(const YamlNode& node, const ModelPlaces& places, const Catalogue& catalogue,
                  DigestCache& digests) {
  CheckModelForm(node);
  Model model;
  model.where = node.where;
  model.weights = FindFile(*node.Find("file"), "model file", places.roots, places.sweep_folder);
  model.name = NameOfWeights(model.weights);
  model.weights_sha256 = DigestOf(model, digests);
  if (const YamlNode* key = node.Find("key")) {
    model.weights_key = RequireWord(*key, "model.key");
    model.name += ":" + model.weights_key;
  }
  const std::optional<ModelCard> card = FindCard(node, places, model);
  return FromCardAndFile(node, std::move(model), card, catalogue, places.inspect);
}

}  // namespace

void CheckModelForm(const YamlNode& node) {
  if (!node.is_map()) {
    RequireWord(node, "model");
    return;
  }
  RequireKeys(node,
              {"file", "key", "arch", "dataset", "card", "normalisation", "classes", "output",
               "input_shape"},
              "model");
  if (node.Find("file") == nullptr) {
    FailAt(node.where, "model has no file: write {{file: x.safetensors, arch: …, dataset: …}}");
  }
}

Model FindModel(const YamlNode& node, const ModelPlaces& places, const Catalogue& catalogue,
                DigestCache& digests) {
  return node.is_map() ? ModelOfFile(node, places, catalogue, digests)
                       : ShippedModel(node, places, catalogue, digests);
}

std::vector<Json> ShippedCards(const std::vector<fs::path>& folders) {
  std::vector<Json> cards;
  for (const fs::path& folder : folders) {
    for (const fs::path& file : CardFiles(folder)) {
      cards.push_back(ReadModelCard(file, file.string()).json);
    }
  }
  return cards;
}

}  // namespace zerosweep
