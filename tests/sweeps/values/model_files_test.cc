// Models: shipped ones by name, files with a card, files without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

using testing::StartsWith;

// A sweep of one trial whose model, at line 4, is `model`.
std::string SweepOf(const std::string& model, const std::string& data = "fashion") {
  return "name: t\ndata: " + data + "\nfixed:\n  model: " + model +
         "\n  method: noise\n  bits: w8a8\n";
}

StageSpec Teacher(const Plan& plan) { return SpecOf(plan, plan.trials.at(0), "teacher"); }

TEST(ModelFilesTest, FindsShippedModelsByName) {
  const SweepFolder folder;
  const Plan plan = folder.Expand(SweepOf("small"));
  EXPECT_EQ(plan.trials[0].configuration->model, "small");
  EXPECT_EQ(plan.trials[0].configuration->dataset, "fashion_mnist");
  const Json params = Teacher(plan).params;
  EXPECT_EQ(params["mean"], Json::array({0.25}));
  EXPECT_EQ(params["expected_top1"], 93.5);
  EXPECT_EQ(params["weights"], Sha256Hex("small weights"));
  EXPECT_EQ(DesignOf(plan, plan.trials[0], "teacher").files.at("weights"),
            (folder / "models/small.safetensors").string());
  EXPECT_TRUE(plan.trials[0].configuration->resolved["model"]["card"].is_string());
}

TEST(ModelFilesTest, SuggestsShippedModels) {
  const SweepFolder folder;
  EXPECT_EQ(
      folder.ErrorOf(SweepOf("smal")),
      "sweep.yaml:4: unknown model 'smal', did you mean 'small'?; a file of your own is {file: "
      "…, arch: …, dataset: …}");
}

TEST(ModelFilesTest, RefusesWeightsThatAreNotTheirCards) {
  const SweepFolder folder;
  folder.Write("models/small.safetensors", "other weights");
  EXPECT_THAT(folder.ErrorOf(SweepOf("small")),
              StartsWith("sweep.yaml:4: models/small.safetensors is not the file of its card "
                         "models/small.json: its SHA-256 is "));
  std::filesystem::remove(folder / "models/small.safetensors");
  EXPECT_EQ(folder.ErrorOf(SweepOf("small")),
            "sweep.yaml:4: model small: its weights models/small.safetensors are missing");
}

TEST(ModelFilesTest, ReadsTheCardBesideTheFileThenTheOneOfTheSameWeights) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pt", "small weights");
  EXPECT_EQ(Teacher(folder.Expand(SweepOf("{file: mine.pt}"))).params["mean"],
            Json::array({0.25}));  // models/small.json, by SHA-256
  Json card = SweepFolder::Card("mine", "small weights");
  card["mean"] = {0.75};
  folder.Write("fashion/mine.json", card.dump());
  const Plan beside = folder.Expand(SweepOf("{file: mine.pt}"));
  EXPECT_EQ(Teacher(beside).params["mean"], Json::array({0.75}));
  EXPECT_EQ(beside.trials[0].configuration->model, "mine");
  card["mean"] = {0};
  folder.Write("fashion/named.json", card.dump());
  const Json mean =
      Teacher(folder.Expand(SweepOf("{file: mine.pt, card: named.json}"))).params["mean"];
  EXPECT_EQ(mean, Json::array({0.0}));
  EXPECT_TRUE(mean[0].is_number_float());  // however the card writes it
}

TEST(ModelFilesTest, ATarOfTorchSaveIsNamedWithoutItsEndings) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pth.tar", "tar weights");
  folder.Write("fashion/mine.json", SweepFolder::Card("mine", "tar weights").dump());
  const Plan plan = folder.Expand(SweepOf("{file: mine.pth.tar}"));
  EXPECT_EQ(plan.trials[0].configuration->model, "mine");
  EXPECT_EQ(Teacher(plan).params["mean"], Json::array({0.25}));
}

TEST(ModelFilesTest, FindsCardsOfWeightsThatAreNotShipped) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pt", "far weights");
  folder.Write("models/cards/far.json", SweepFolder::Card("far", "far weights").dump());
  EXPECT_EQ(Teacher(folder.Expand(SweepOf("{file: mine.pt}"))).params["expected_top1"], 93.5);
}

TEST(ModelFilesTest, AsksForWhatNoCardSays) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pt", "unknown weights");
  const std::string given = "{file: mine.pt, arch: resnet20_cifar_a, dataset: fashion_mnist";
  EXPECT_EQ(folder.ErrorOf(SweepOf("{file: mine.pt}")),
            "sweep.yaml:4: model has no arch and no card that says it");
  EXPECT_EQ(folder.ErrorOf(SweepOf(given + "}")),
            "sweep.yaml:4: model file fashion/mine.pt has no card (none next to it, none with its "
            "SHA-256): give normalisation: {mean: […], std: […]} as it was trained with, or card: "
            "FILE");
  EXPECT_EQ(folder.ErrorOf(SweepOf(given + ", normalisation: {mean: [0.5]}}")),
            "sweep.yaml:4: normalisation has no std");
  EXPECT_EQ(folder.ErrorOf(SweepOf(given + ", normalisation: {mean: [0.5], std: [0]}}")),
            "sweep.yaml:4: normalisation.std holds 0, must hold positive numbers");
  EXPECT_EQ(folder.ErrorOf(SweepOf(given + ", normalisation: {mean: [a], std: [1]}}")),
            "sweep.yaml:4: normalisation.mean holds \"a\", must hold numbers");
  EXPECT_EQ(folder.ErrorOf(SweepOf(given + ", normalisation: {mean: [0, 0, 0], std: [1, 1, 1]}}")),
            "sweep.yaml:4: the normalisation of model mine has 3 means and 3 deviations, dataset "
            "fashion_mnist has 1 channels");
  const Plan plan = folder.Expand(SweepOf(given + ", normalisation: {mean: [0.5], std: [1]}}"));
  EXPECT_FALSE(Teacher(plan).params.contains("expected_top1"));
  EXPECT_TRUE(plan.trials[0].configuration->resolved["model"]["card"].is_null());
}

TEST(ModelFilesTest, RefusesContradictionsWithTheCard) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pt", "small weights");
  EXPECT_EQ(folder.ErrorOf(SweepOf("{file: mine.pt, arch: plain_cnn}")),
            "sweep.yaml:4: model.arch is 'plain_cnn', but its card models/small.json says "
            "'resnet20_cifar_a'");
  Json card = SweepFolder::Card("mine", "small weights");
  card["classes"] = 100;
  folder.Write("fashion/mine.json", card.dump());
  EXPECT_EQ(folder.ErrorOf(SweepOf("{file: mine.pt}")),
            "sweep.yaml:4: model mine has 100 classes, dataset fashion_mnist has 10");
  card["arch"] = "resnet21";
  folder.Write("fashion/mine.json", card.dump());
  EXPECT_EQ(
      folder.ErrorOf(SweepOf("{file: mine.pt}")),
      "sweep.yaml:4: unknown model 'resnet21' (known: large_cnn, plain_cnn, resnet20_cifar_a)");
}

TEST(ModelFilesTest, RefusesMalformedCards) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pt", "small weights");
  folder.Write("fashion/mine.json", "{\"name\": ");
  EXPECT_THAT(folder.ErrorOf(SweepOf("{file: mine.pt}")),
              StartsWith("sweep.yaml:4: model card fashion/mine.json: not valid JSON at byte "));
  folder.Write("fashion/mine.json", "{\"name\": \"x\", \"arch\": \"resnet20_cifar_a\"}");
  EXPECT_EQ(folder.ErrorOf(SweepOf("{file: mine.pt}")),
            "sweep.yaml:4: model card fashion/mine.json has no 'dataset'");
  Json card = SweepFolder::Card("mine", "small weights");
  card["mean"] = "dark";
  folder.Write("fashion/mine.json", card.dump());
  EXPECT_EQ(
      folder.ErrorOf(SweepOf("{file: mine.pt}")),
      "sweep.yaml:4: model card fashion/mine.json: 'mean' is \"dark\", must be numbers, one a "
      "channel");
}

TEST(ModelFilesTest, BuiltInNetworksTakeSquares) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pt", "small weights");
  Json card = SweepFolder::Card("mine", "small weights");
  card["input_shape"] = {1, 28, 56};
  folder.Write("fashion/mine.json", card.dump());
  EXPECT_EQ(
      folder.ErrorOf(SweepOf("{file: mine.pt}")),
      "sweep.yaml:4: model mine takes images of [1,28,56] by its card, but images are cropped "
      "to squares");
}

TEST(ModelFilesTest, EveryValueOfACardHasAForm) {
  const SweepFolder folder;
  folder.Write("fashion/mine.pt", "small weights");
  const auto defect = [&](const std::string& key, const Json& value) {
    Json card = SweepFolder::Card("mine", "small weights");
    card[key] = value;
    folder.Write("fashion/mine.json", card.dump());
    const std::string error = folder.ErrorOf(SweepOf("{file: mine.pt}"));
    const std::string start = "sweep.yaml:4: model card fashion/mine.json: ";
    EXPECT_THAT(error, StartsWith(start));
    return error.substr(start.size());
  };
  EXPECT_EQ(defect("topl", 3), "unknown key 'topl', did you mean 'top1'?");
  EXPECT_EQ(defect("classes", "ten"), "'classes' is \"ten\", must be a positive number");
  EXPECT_EQ(defect("classes", 0), "'classes' is 0, must be a positive number");
  EXPECT_EQ(defect("input_shape", {28, 28}),
            "'input_shape' is [28,28], must be three positive numbers: channels, height and width");
  EXPECT_EQ(defect("std", Json::array({0.0})),
            "'std' is [0.0], must be positive numbers, one a channel");
  EXPECT_EQ(defect("top1", 934.1), "'top1' is 934.1, must be percent");
  EXPECT_EQ(defect("weights_sha256", std::string(64, 'G')),
            "'weights_sha256' is \"" + std::string(64, 'G') +
                "\", must be 64 lower-case hexadecimal digits");
}

TEST(ModelFilesTest, ListsEveryPlaceWhereAFileWasLookedFor) {
  const SweepFolder folder;
  EXPECT_EQ(folder.ErrorOf(SweepOf("{file: gone.pt}")),
            "sweep.yaml:4: model file not found: there is no fashion/gone.pt nor gone.pt; name its "
            "folder with --data, ZEROSWEEP_DATA or `data:` in the sweep");
  EXPECT_EQ(folder.ErrorOf(SweepOf("{arch: plain_cnn}")),
            "sweep.yaml:4: model has no file: write {file: x.safetensors, arch: …, dataset: …}");
  EXPECT_EQ(
      folder.ErrorOf(SweepOf("{file: x.pt, architecture: plain_cnn}")),
      "sweep.yaml:4: unknown key 'architecture' in model (known: file, key, arch, dataset, card, "
      "normalisation, classes, output, input_shape)");
  folder.Write("near.pt", "small weights");  // beside the sweep
  EXPECT_EQ(folder.Expand(SweepOf("{file: near.pt}")).trials.size(), 1U);
}

}  // namespace
}  // namespace zerosweep
