// Datasets in lists: classes, other right classes, images without any, grey input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "engine/data/fingerprint.h"
#include "engine/data/resample.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

class ImageListDatasetTest : public testing::Test {
 protected:
  ImageListDatasetTest() {
    Put("images/a.png", "small.png");
    Put("images/b.jpg", "landscape.jpg");
    Put("images/c.jpg", "grey.jpg");
  }

  static fs::path Golden(const std::string& name) {
    const char* source = std::getenv("ZEROSWEEP_SOURCE");
    return fs::path(source == nullptr ? "." : source) / "tests/golden/image_folder" / name;
  }
  void Put(const std::string& name, const std::string& golden) const {
    fs::create_directories((temp_ / name).parent_path());
    fs::copy_file(Golden(golden), temp_ / name);
  }
  void List(const std::string& rows) const { WriteFileAtomically(temp_ / "labels.csv", rows); }
  Dataset Load(const std::string& split = "test", int64_t channels = 3) const {
    return LoadDataset("image_list", split, temp_.path(), EvalTransform{40, 35, channels});
  }

  const TempFolder temp_;
};

TEST_F(ImageListDatasetTest, ANetworkWithoutSquaresGetsTheWholeImage) {
  List("file\nb.jpg\n");
  const Dataset test =
      LoadDataset("image_list", "test", temp_.path(), EvalTransform{.height = 12, .width = 31});
  EXPECT_EQ(test.shape(), (std::vector<int64_t>{3, 12, 31}));
  const Image whole = test.images->Stored(0);
  const Image wanted = Resample(whole, {0, 0, whole.height, whole.width}, 12, 31, {0, 0, 12, 31});
  const torch::Tensor loaded = test.Images(0, 1)[0].permute({1, 2, 0}).contiguous();
  ASSERT_EQ(loaded.numel(), static_cast<int64_t>(wanted.pixels.size()));
  EXPECT_TRUE(
      std::equal(wanted.pixels.begin(), wanted.pixels.end(), loaded.const_data_ptr<uint8_t>()));
}

TEST_F(ImageListDatasetTest, ImagesAndClassesAreInTheOrderOfTheList) {
  List("file,class,also_right\nb.jpg,5,\na.png,900,7 8\nc.jpg,0,5\n");
  const Dataset test = Load();
  EXPECT_EQ(test.size(), 3);
  EXPECT_EQ(test.classes, 0) << "those of the model";
  EXPECT_TRUE(torch::equal(test.labels, torch::tensor({5, 900, 0}, torch::kInt64)));
  EXPECT_TRUE(
      torch::equal(test.also_right, torch::tensor({{1, 7}, {1, 8}, {2, 5}}, torch::kInt64)));
  const torch::Tensor expected = LoadEach({0}, {3, 35, 35}, [](int64_t) {
    return ResizeAndCentreCrop(ReadImage(Golden("small.png")), 40, 35);
  })[0];
  EXPECT_TRUE(torch::equal(test.Images(1, 2)[0], expected));
}

TEST_F(ImageListDatasetTest, WithoutClassesThereAreNoLabels) {
  const Dataset all = Load();
  EXPECT_EQ(all.size(), 3);
  EXPECT_FALSE(all.is_labelled());
  EXPECT_FALSE(all.also_right.defined());
  RequireClasses(all, 2);
  Put("calibration/d.jpg", "halved.jpg");
  EXPECT_EQ(Load("calibration").size(), 1);
}

TEST_F(ImageListDatasetTest, ClassesBeyondTheModelsAreRefused) {
  List("file,class,also_right\nb.jpg,5,\na.png,9,7 12\n");
  RequireClasses(Load(), 13);
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [&] { RequireClasses(Load(), 12); }),
            "the test images of image_list: class 12 is beyond the 12 classes of the model (0 to "
            "11)");
}

TEST_F(ImageListDatasetTest, ANetworkOfOneChannelGetsGrey) {
  const Dataset grey = Load("test", 1), colour = Load("test", 3);
  EXPECT_EQ(grey.shape(), (std::vector<int64_t>{1, 35, 35}));
  const torch::Tensor images = grey.Images(0, 3);
  EXPECT_EQ(images.sizes(), at::IntArrayRef({3, 1, 35, 35}));
  // A picture that is grey stays as it is; resizing the luma rounds once, resizing colours thrice.
  EXPECT_TRUE(torch::equal(images[2][0], colour.Images(2, 3)[0][1]));
  const torch::Tensor weights = torch::tensor({0.299, 0.587, 0.114}).view({3, 1, 1});
  const torch::Tensor luma = (colour.Images(1, 2)[0].to(torch::kFloat64) * weights).sum(0);
  EXPECT_LE((images[1][0] - luma).abs().max().item<double>(), 1.5);
}

// What Pillow 13 makes of these pixels with convert("L").
TEST_F(ImageListDatasetTest, GreyIsPillows) {
  const Image image{3, 3, 3, {255, 0,   0,   0,   255, 0,  0,  0,  255, 1, 2,  3, 200, 100,
                              50,  255, 255, 255, 17,  17, 17, 13, 240, 7, 90, 3, 251}};
  EXPECT_THAT(ToGrey(image).pixels, testing::ElementsAre(76, 150, 29, 2, 124, 255, 17, 146, 57));
}

TEST_F(ImageListDatasetTest, TheFingerprintFollowsFilesAndList) {
  List("file,class\nc.jpg,1\na.png,0\n");
  const std::string before = DatasetFingerprint("image_list", "test", temp_.path());
  EXPECT_EQ(before, JsonDigest(Json::array({{"c.jpg", Sha256File(temp_ / "images/c.jpg"), 1},
                                            {"a.png", Sha256File(temp_ / "images/a.png"), 0}})));
  EXPECT_EQ(LoadVerifiedDataset("image_list", "test", temp_.path(), before).size(), 2);
  List("file,class\nc.jpg,1\na.png,1\n");
  EXPECT_THAT(
      ErrorMessage(ErrorKind::kUsage,
                   [&] { LoadVerifiedDataset("image_list", "test", temp_.path(), before); }),
      testing::HasSubstr("changed since the sweep was planned"));
}

}  // namespace
}  // namespace zerosweep
