// Sweeps on images in lists and without classes: what the model must say, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class ImageListPlanTest : public testing::Test {
 protected:
  ImageListPlanTest() {
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg"})
      folder_.Write(std::string("photos/images/") + name, name);
    List("file,class,also_right\nb.jpg,3,4\na.jpg,0,\n");
    folder_.Write("photos/net.safetensors", "photo weights");
    SetCard(Json::object());
  }

  void List(const std::string& rows) const { folder_.Write("photos/labels.csv", rows); }
  // A card of ten classes and images of 32 pixels, changed by a merge patch.
  void SetCard(const Json& changes) const {
    Json card = SweepFolder::Card("net", "photo weights");
    card.merge_patch({{"dataset", "image_list"},
                      {"input_shape", {3, 32, 32}},
                      {"mean", {0.5, 0.5, 0.5}},
                      {"std", {0.25, 0.25, 0.25}},
                      {"top1", 50}});
    card.merge_patch(changes);
    folder_.Write("photos/net.json", card.dump());
  }

  static std::string Sweep(const std::string& of_model = "", const std::string& method = "noise",
                           const std::string& more = "") {
    return "name: t\ndata: photos\nfixed:\n"
           "  model: {file: net.safetensors" +
           of_model + "}\n  bits: w8a8\n  method: " + method + "\n" + more;
  }
  StageSpec Stage(const std::string& kind, const std::string& sweep) const {
    const Plan plan = folder_.Expand(sweep);
    return SpecOf(plan, plan.trials.at(0), kind);
  }

  SweepFolder folder_;
};

TEST_F(ImageListPlanTest, StagesAreNamedByTheListAndTheModelsClasses) {
  const StageSpec teacher = Stage("teacher", Sweep());
  EXPECT_EQ(teacher.params.at("classes"), 10);
  EXPECT_EQ(teacher.params.at("dataset"), "image_list");
  EXPECT_EQ(teacher.params.at("eval"), Json({{"resize", 37}, {"crop", 32}}));
  EXPECT_EQ(teacher.params.at("expected_top1"), 50);
  EXPECT_FALSE(teacher.params.contains("output"));
  EXPECT_EQ(Stage("evaluate", Sweep()).params.at("data"),
            JsonDigest(Json::array(
                {{"b.jpg", Sha256Hex("b.jpg"), 3, 4}, {"a.jpg", Sha256Hex("a.jpg"), 0}})));
}

TEST_F(ImageListPlanTest, TheClassesAreTheCardsOrTheSweeps) {
  SetCard({{"classes", nullptr}});
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: model net: images of image_list do not tell how many classes it has: "
            "give classes: N in the sweep or in its card");
  EXPECT_EQ(Stage("teacher", Sweep(", classes: 7")).params.at("classes"), 7);
  EXPECT_EQ(
      folder_.ErrorOf(Sweep(", classes: 4")),
      "sweep.yaml:4: dataset image_list: labels.csv:2: class 4 is beyond the 4 classes of the "
      "model (0 to 3)");
  EXPECT_EQ(folder_.ErrorOf(Sweep(", classes: many")),
            "sweep.yaml:4: model.classes is 'many', must be an integer");
  SetCard(Json::object());
  EXPECT_EQ(folder_.ErrorOf(Sweep(", classes: 7")),
            "sweep.yaml:4: model.classes is 7, but its card has 10");
  EXPECT_EQ(folder_.ErrorOf("name: t\ndata: data\nfixed:\n  model: {file: net.safetensors, arch: "
                            "resnet20_cifar_a, dataset: cifar10, classes: 7, normalisation: {mean: "
                            "[0, 0, 0], std: [1, 1, 1]}}\n  bits: w8a8\n  method: noise\n"),
            "sweep.yaml:4: model.classes is 7, but dataset cifar10 has 10");
}

TEST_F(ImageListPlanTest, ASweepMayNameImagesOfItsOwnForACardOfOthers) {
  SetCard({{"dataset", "image_folder"}});
  const Json params = Stage("teacher", Sweep(", dataset: image_list")).params;
  EXPECT_EQ(params.at("dataset"), "image_list");
  EXPECT_FALSE(params.contains("expected_top1")) << "that accuracy is of other images";
  EXPECT_EQ(folder_.ErrorOf(Sweep(", dataset: cifar10")),
            "sweep.yaml:4: model.dataset is 'cifar10', but its card photos/net.json says "
            "'image_folder'");
}

TEST_F(ImageListPlanTest, WithoutClassesTheCardsAccuracyIsNotChecked) {
  List("file\na.jpg\nb.jpg\n");
  EXPECT_FALSE(Stage("teacher", Sweep()).params.contains("expected_top1"));
  const auto warning = HasSubstr(
      "sweep.yaml:4: the accuracy on the card of model net is not checked: the images of "
      "image_list have no classes");
  EXPECT_THAT(folder_.Expand(Sweep("", "noise", "seeds: [0, 1]\n")).warnings,
              Contains(warning).Times(1));
  SetCard({{"top1", nullptr}});
  EXPECT_THAT(folder_.Expand(Sweep()).warnings, Not(Contains(warning)));
}

TEST_F(ImageListPlanTest, OneMeanMeansGreyInput) {
  SetCard({{"input_shape", {1, 32, 32}}, {"mean", {0.5}}, {"std", {0.25}}});
  EXPECT_EQ(Stage("teacher", Sweep()).params.at("eval"),
            Json({{"resize", 37}, {"crop", 32}, {"channels", 1}}));
  SetCard({{"mean", {0.5}}, {"std", {0.25}}});
  EXPECT_THAT(folder_.ErrorOf(Sweep()),
              HasSubstr("sweep.yaml:4: model net takes images of [3,32,32] by its card"));
}

TEST_F(ImageListPlanTest, TheKindOfOutputIsTheCardsOrTheSweeps) {
  EXPECT_EQ(folder_.ErrorOf(Sweep(", output: dense")),
            "sweep.yaml:4: labels.csv:2 gives classes, but the output of model net is dense: leave "
            "the column out");
  List("file\na.jpg\n");
  EXPECT_EQ(Stage("teacher", Sweep(", output: dense")).params.at("output"), "dense");
  EXPECT_EQ(folder_.ErrorOf(Sweep(", output: dens")),
            "sweep.yaml:4: model.output is 'dens', did you mean 'dense'?");
  SetCard({{"output", "embedding"}});
  EXPECT_EQ(Stage("teacher", Sweep()).params.at("output"), "embedding");
  EXPECT_EQ(folder_.ErrorOf(Sweep(", output: dense")),
            "sweep.yaml:4: model.output is 'dense', but its card photos/net.json says 'embedding'");
  SetCard({{"output", "logits"}});
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: model card photos/net.json: 'output' is \"logits\", must be classes, "
            "dense or embedding");
}

TEST_F(ImageListPlanTest, CalibrationImagesAreOthersThanTestImages) {
  EXPECT_EQ(folder_.ErrorOf(Sweep("", "real")),
            "sweep.yaml:6: real needs real images, but photos holds no training or calibration "
            "images of dataset image_list: put some into its folder calibration/, or name them in "
            "calibration.csv");
  folder_.Write("photos/calibration.csv", "file\nc.jpg\n");
  EXPECT_EQ(Stage("synthesize", Sweep("", "real")).params.at("data"),
            JsonDigest(Json::array({{"c.jpg", 5}})));
  folder_.Write("photos/calibration.csv", "file,class\nc.jpg,10\n");
  EXPECT_EQ(
      folder_.ErrorOf(Sweep("", "real")),
      "sweep.yaml:4: dataset image_list: calibration.csv:2: class 10 is beyond the 10 classes "
      "of the model (0 to 9)");
  folder_.Write("photos/calibration.csv", "file\nc.jpg\na.jpg\n");
  EXPECT_EQ(folder_.ErrorOf(Sweep("", "real")),
            "sweep.yaml:4: dataset image_list: 1 of the 2 calibration images in photos/images are "
            "test images too, such as a.jpg: a network is not tested on what calibrated it");
}

TEST_F(ImageListPlanTest, ADamagedListIsRefusedAtTheModel) {
  List("file,class\na.jpg,one\n");
  EXPECT_EQ(
      folder_.ErrorOf(Sweep()),
      "sweep.yaml:4: dataset image_list: photos/labels.csv:2: the class is 'one', must be the "
      "index of a class, from 0 on");
  std::filesystem::remove_all(folder_ / "photos/images");
  std::filesystem::remove(folder_ / "photos/labels.csv");
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: dataset image_list: no folder holds its test images labels.csv and "
            "images/ (looked in: photos); give its folder with data: or $ZEROSWEEP_DATA");
}

}  // namespace
}  // namespace zerosweep
