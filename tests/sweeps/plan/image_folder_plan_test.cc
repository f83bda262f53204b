// Sweeps on images in folders by class: what is refused, how they are resized, what is remembered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/files.h"
#include "tests/support/sweep_folder.h"

namespace zerosweep {
namespace {
using testing::HasSubstr;

class ImageFolderPlanTest : public testing::Test {
 protected:
  ImageFolderPlanTest() {
    for (const char* name :
         {"val/a/1.jpg", "val/a/2.jpg", "val/b/1.png", "train/a/3.jpg", "train/b/4.jpg"}) {
      folder_.Write(std::string("photos/") + name, name);
    }
    SetClasses(2);
  }

  void SetClasses(int classes) const {
    Json card = SweepFolder::Card("net", "photo weights");
    card.update({{"dataset", "image_folder"},
                 {"classes", classes},
                 {"input_shape", {3, 299, 299}},
                 {"mean", {0.5, 0.5, 0.5}},
                 {"std", {0.25, 0.25, 0.25}}});
    folder_.Write("photos/net.safetensors", "photo weights");
    folder_.Write("photos/net.json", card.dump());
  }

  static std::string Sweep(const std::string& more = "") {
    return "name: t\ndata: photos\nfixed:\n"
           "  model: {file: net.safetensors}\n"
           "  bits: w8a8\n  method: real\n" +
           more;  // begins at line 7
  }

  StageSpec Stage(const std::string& kind, const std::string& more = "") const {
    const Plan plan = folder_.Expand(Sweep(more));
    return SpecOf(plan, plan.trials.at(0), kind);
  }

  std::map<std::string, std::string> Files(const std::string& kind) const {
    const Plan plan = folder_.Expand(Sweep(""));
    return DesignOf(plan, plan.trials.at(0), kind).files;
  }

  SweepFolder folder_;
};

TEST_F(ImageFolderPlanTest, StagesThatReadImagesSayHowTheyAreResized) {
  const Json usual = {{"resize", 342}, {"crop", 299}};
  for (const char* kind : {"teacher", "synthesize", "evaluate"}) {
    const StageSpec stage = Stage(kind);
    EXPECT_EQ(stage.params.at("eval"), usual) << kind;
    EXPECT_EQ(Files(kind).at("data"), (folder_ / "photos").string()) << kind;
    EXPECT_EQ(stage.params.at("dataset"), "image_folder") << kind;
  }
  EXPECT_FALSE(Stage("quantize").params.contains("eval"));
  const Plan plan = folder_.Expand(Sweep());
  EXPECT_EQ(plan.trials.at(0).configuration->resolved.at("dataset").at("eval"), usual);
  EXPECT_EQ(plan.trials.at(0).configuration->protocol, "zeroq");
}

TEST_F(ImageFolderPlanTest, TheProtocolMayGiveAnotherSize) {
  const std::string protocol = "  protocol: {eval_resize: 232, eval_crop: 224}\n";
  const Json asked = {{"resize", 232}, {"crop", 224}};
  EXPECT_EQ(Stage("evaluate", protocol).params.at("eval"), asked);
  EXPECT_TRUE(Stage("teacher").params.contains("expected_top1"));
  // The card's accuracy holds for the usual size alone.
  EXPECT_FALSE(Stage("teacher", protocol).params.contains("expected_top1"));
  const Plan plan = folder_.Expand(Sweep(protocol));
  EXPECT_TRUE(plan.trials.at(0).configuration->protocol.starts_with("default*"))
      << plan.trials.at(0).configuration->protocol;
  EXPECT_EQ(folder_.ErrorOf(Sweep("  protocol: {eval_resize: 200}\n")),
            "sweep.yaml:7: the protocol's eval_resize is 200, but the crop is 299: it must be at "
            "least that");
  EXPECT_EQ(folder_.ErrorOf(CifarSweep("  method: noise\n  bits: w8a8\n"
                                       "  protocol: {preset: zeroq, eval_crop: 28}\n")),
            "sweep.yaml:7: the protocol gives eval_resize or eval_crop, but images of cifar10 are "
            "not resized");
}

TEST_F(ImageFolderPlanTest, FingerprintsAreTheContentOfTestAndTheSizesOfCalibrationImages) {
  EXPECT_EQ(Stage("evaluate").params.at("data"),
            JsonDigest({{"a/1.jpg", Sha256Hex("val/a/1.jpg")},
                        {"a/2.jpg", Sha256Hex("val/a/2.jpg")},
                        {"b/1.png", Sha256Hex("val/b/1.png")}}));
  EXPECT_EQ(Stage("synthesize").params.at("data"), JsonDigest({{"a/3.jpg", 13}, {"b/4.jpg", 13}}));
}

TEST_F(ImageFolderPlanTest, AKnownFolderIsNotReadAgain) {
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // young files are not remembered
  const std::string fingerprint = Stage("evaluate").params.at("data");
  const std::filesystem::path file = folder_ / "home/cache/digests.json";
  std::string cache = ReadFile(file);
  const size_t at = cache.find(fingerprint);
  ASSERT_NE(at, std::string::npos);
  WriteFileAtomically(file, cache.replace(at, 64, std::string(64, '0')));
  EXPECT_EQ(Stage("evaluate").params.at("data"), std::string(64, '0'));
  folder_.Write("photos/val/b/2.jpg", "new");
  EXPECT_NE(Stage("evaluate").params.at("data"), std::string(64, '0'));
}

TEST_F(ImageFolderPlanTest, WhatIsPassedOverIsWarnedOfOnce) {
  for (const char* name :
       {"photos/val/a/x.gif", "photos/val/b/deep/y.heic", "photos/train/b/z.svg"})
    folder_.Write(name, "x");
  const Plan plan = folder_.Expand(Sweep("seeds: [0, 1]\n"));
  std::vector<std::string> warnings;
  for (const std::string& warning : plan.warnings)
    if (warning.find("passed over") != std::string::npos)
      warnings.push_back(folder_.Shown(warning));
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_THAT(
      warnings[0],
      HasSubstr("sweep.yaml:4: photos/val: 2 files that look like images are passed over (1 "
                ".gif, 1 .heic), such as a/x.gif; only .bmp, "));
  EXPECT_THAT(
      warnings[1],
      HasSubstr("sweep.yaml:4: photos/train: 1 file that looks like an image is passed over (1 "
                ".svg)"));
}

TEST_F(ImageFolderPlanTest, NestedFoldersNameTheStagesThatReadThem) {
  const Json before = Stage("evaluate").params.at("data");
  folder_.Write("photos/val/a/deep/9.webp", "nested");
  EXPECT_EQ(Stage("evaluate").params.at("data"),
            JsonDigest({{"a/1.jpg", Sha256Hex("val/a/1.jpg")},
                        {"a/2.jpg", Sha256Hex("val/a/2.jpg")},
                        {"a/deep/9.webp", Sha256Hex("nested")},
                        {"b/1.png", Sha256Hex("val/b/1.png")}}));
  std::filesystem::remove_all(folder_ / "photos/val/a/deep");
  EXPECT_EQ(Stage("evaluate").params.at("data"), before) << "folders without nesting keep theirs";
}

TEST_F(ImageFolderPlanTest, NamesThatAreNotUtf8AreRefusedByName) {
  folder_.Write("photos/val/a/caf\xe9.png", "x");
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: dataset image_folder: the name of an image is not UTF-8 text: "
            "photos/val/a/caf\\xe9.png; rename it, since results could not name it");
}

TEST_F(ImageFolderPlanTest, FoldersThatDoNotFitAreRefused) {
  SetClasses(3);
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: model net has 3 classes, but the test images of image_folder in photos "
            "have 2");
  SetClasses(2);
  folder_.Write("photos/train/c/1.jpg", "x");
  EXPECT_THAT(folder_.ErrorOf(Sweep()),
              HasSubstr("hold different classes, so that labels would not agree"));
  std::filesystem::create_directory(folder_ / "photos/val/c");
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: dataset image_folder: the class folder photos/val/c holds no image "
            "(.bmp, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff, .webp): remove it or fetch its "
            "images");
  std::filesystem::remove_all(folder_ / "photos/val");
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: dataset image_folder: no folder holds its test images val/<class>/* "
            "(looked in: photos); give its folder with data: or $ZEROSWEEP_DATA");
  folder_.Write("photos/c/1.jpg", "x");
  EXPECT_EQ(folder_.ErrorOf(Sweep()),
            "sweep.yaml:4: dataset image_folder: no folder holds its test images val/<class>/* "
            "(looked in: photos); photos holds class folders itself (c, …): test images lie in "
            "photos/val/<class>/");
}

// The reading of a pipe lasts until its writer, who waits for a report, ends it.
TEST_F(ImageFolderPlanTest, ReadingThatLastsIsReported) {
  const std::filesystem::path pipe = folder_ / "photos/val/a/slow.jpg";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ImageFolder folder{folder_ / "photos/val", {"a"}, {{"a/slow.jpg", 0, 4, 1}}};
  std::atomic<int> reports = 0;
  std::thread writer([&] {
    std::ofstream out(pipe);
    while (reports == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    out << "slow";
  });
  DigestCache digests(Home{}, [&](const std::filesystem::path& root, double done, double total) {
    EXPECT_EQ(root, folder.root);
    EXPECT_EQ(done, 0);
    EXPECT_EQ(total, 4);
    ++reports;
  });
  EXPECT_EQ(digests.FingerprintOf(folder, "test"), JsonDigest({{"a/slow.jpg", Sha256Hex("slow")}}));
  writer.join();
  EXPECT_EQ(
      folder_.ErrorOf(Sweep()),
      "sweep.yaml:4: dataset image_folder: cannot read the image photos/val/a/slow.jpg: it is "
      "not a file");
}

}  // namespace
}  // namespace zerosweep
