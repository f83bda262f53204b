// Networks that their own file describes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {

// A folder with the network net.pt2, of which the inspector says `facts`.
class ImportedModelsTest : public ::testing::Test {
 protected:
  ImportedModelsTest() {
    folder_.Write("fashion/net.pt2", "a network");
    folder_.inspect = [this](const std::filesystem::path& file, const std::string& digest,
                             const std::vector<int64_t>& input_shape) {
      EXPECT_EQ(file.filename(), "net.pt2");
      EXPECT_EQ(digest, Sha256Hex("a network"));
      asked_shape_ = input_shape;
      return facts_;
    };
  }

  static std::string SweepOf(const std::string& more, const std::string& method = "noise") {
    return "name: t\ndata: fashion\nfixed:\n  model: {file: net.pt2, dataset: fashion_mnist" +
           more + "}\n  method: " + method + "\n  bits: w8a8\n";
  }
  static std::string Normal() { return ", normalisation: {mean: [0.5], std: [1]}"; }

  SweepFolder folder_;
  ModelFacts facts_{.input_shape = {1, 28, 28}, .classes = 10, .batch_norms = 2};
  std::vector<int64_t> asked_shape_;
};

TEST_F(ImportedModelsTest, NeedNoArchitecture) {
  const Plan plan = folder_.Expand(SweepOf(Normal()));
  const Json params = SpecOf(plan, plan.trials.at(0), "teacher").params;
  EXPECT_EQ(params["arch"], "imported");
  EXPECT_EQ(params["classes"], 10);
  EXPECT_EQ(params["weights"], Sha256Hex("a network"));
  EXPECT_EQ(plan.trials[0].configuration->model, "net");
  EXPECT_TRUE(asked_shape_.empty());
  folder_.Expand(SweepOf(Normal() + ", input_shape: [1, 28, 28]"));
  EXPECT_EQ(asked_shape_, (std::vector<int64_t>{1, 28, 28}));
}

TEST_F(ImportedModelsTest, QuantizeInputsOfOperatorsUnlessTheSweepSaysOtherwise) {
  const auto placement = [&](const std::string& protocol) {
    const Plan plan = folder_.Expand(SweepOf(Normal()) + protocol);
    return plan.trials.at(0).configuration->resolved["protocol"]["act_placement"];
  };
  EXPECT_EQ(placement(""), "op_input");
  EXPECT_EQ(placement("  protocol: {first_w: 4}\n"), "op_input");
  EXPECT_EQ(placement("  protocol: {act_placement: relu}\n"), "relu");
  EXPECT_EQ(placement("  protocol: zeroq\n"), "relu");
}

TEST_F(ImportedModelsTest, MethodsThatNeedBatchNormsRefuseThem) {
  facts_.batch_norms = 0;
  EXPECT_EQ(folder_.ErrorOf(SweepOf(Normal(), "zeroq")),
            "sweep.yaml:5: zeroq on net: this network has no batch norm: exclude this pair");
  folder_.Expand(SweepOf(Normal()));
}

TEST_F(ImportedModelsTest, RefuseWhatDoesNotFit) {
  EXPECT_EQ(folder_.ErrorOf(SweepOf(Normal() + ", arch: resnet20_cifar_a")),
            "sweep.yaml:4: net.pt2 holds its network itself: leave model.arch out");
  EXPECT_EQ(folder_.ErrorOf(SweepOf(Normal() + ", input_shape: [28, 28]")),
            "sweep.yaml:4: model.input_shape is [28,28], must be [channels, height, width] of its "
            "images");
  EXPECT_THAT(folder_.ErrorOf(SweepOf("")), testing::HasSubstr("has no card"));
  facts_.classes = 1000;
  EXPECT_EQ(folder_.ErrorOf(SweepOf(Normal())),
            "sweep.yaml:4: model net has 1000 classes, dataset fashion_mnist has 10");
  facts_ = {.input_shape = {3, 28, 28}, .classes = 10};
  EXPECT_THAT(folder_.ErrorOf(SweepOf(Normal())),
              testing::HasSubstr("takes images of [3,28,28], those of dataset fashion_mnist"));
  facts_ = {.input_shape = {1, 28, 14}, .classes = 10};
  EXPECT_THAT(folder_.ErrorOf(SweepOf(Normal())),
              testing::HasSubstr("takes images of [1,28,14], those of dataset fashion_mnist"));
  folder_.inspect = [](const auto&, const auto&, const auto&) -> ModelFacts {
    Fail(ErrorKind::kUsage, "net.pt2: operator Loop at 'x' is not supported");
  };
  EXPECT_EQ(folder_.ErrorOf(SweepOf(Normal())),
            "sweep.yaml:4: net.pt2: operator Loop at 'x' is not supported");
}

TEST_F(ImportedModelsTest, TakePicturesOfTheirOwnShape) {
  for (const char* name : {"a.jpg", "b.jpg"})
    folder_.Write(std::string("fashion/images/") + name, name);
  facts_ = {.input_shape = {3, 48, 192}, .classes = 2};
  const std::string model =
      "name: t\ndata: fashion\nfixed:\n  model: {file: net.pt2, dataset: image_list, "
      "normalisation: {mean: [0, 0, 0], std: [1, 1, 1]}}\n  method: noise\n  bits: w8a8\n";
  const Plan plan = folder_.Expand(model);
  const Json params = SpecOf(plan, plan.trials.at(0), "teacher").params;
  EXPECT_EQ(params["eval"], Json({{"height", 48}, {"width", 192}}));
  EXPECT_EQ(params["classes"], 2);
  EXPECT_THAT(folder_.ErrorOf(model + "  protocol: {eval_crop: 40}\n"),
              testing::HasSubstr("are no squares"));
}

TEST_F(ImportedModelsTest, MayHaveACard) {
  Json card = SweepFolder::Card("net", "a network");
  card["arch"] = "imported";
  folder_.Write("fashion/net.json", card.dump());
  const Plan plan = folder_.Expand(SweepOf(""));
  EXPECT_EQ(SpecOf(plan, plan.trials.at(0), "teacher").params["expected_top1"], 93.5);
}

}  // namespace
}  // namespace zerosweep
