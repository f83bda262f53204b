// Datasets in folders by class: order, labels, sizes, threads, and files that cannot be decoded.
#include <ATen/Parallel.h>
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

class ImageFolderDatasetTest : public testing::Test {
 protected:
  ImageFolderDatasetTest() {
    Put("val/cat/1.jpg", "landscape.jpg");
    Put("val/cat/2.png", "small.png");
    Put("val/dog/1.jpg", "grey.jpg");
    Put("train/cat/7.jpg", "progressive.jpg");
    Put("train/dog/7.JPEG", "disguised.JPEG");
  }

  static fs::path Golden(const std::string& name) {
    const char* source = std::getenv("ZEROSWEEP_SOURCE");
    return fs::path(source == nullptr ? "." : source) / "tests/golden/image_folder" / name;
  }
  void Put(const std::string& name, const std::string& golden) const {
    fs::create_directories((temp_ / name).parent_path());
    fs::copy_file(Golden(golden), temp_ / name);
  }
  Dataset Load(const std::string& split,
               std::optional<EvalTransform> transform = EvalTransform{40, 35}) const {
    return LoadDataset("image_folder", split, temp_.path(), transform);
  }

  const TempFolder temp_;
};

TEST_F(ImageFolderDatasetTest, ImagesAreResizedAndLabelledByTheirFolder) {
  const Dataset test = Load("test");
  EXPECT_EQ(test.classes, 2);
  EXPECT_EQ(test.size(), 3);
  EXPECT_EQ(test.shape(), (std::vector<int64_t>{3, 35, 35}));
  EXPECT_TRUE(torch::equal(test.labels, torch::tensor({0, 1, 0}, torch::kInt64)));
  const torch::Tensor expected = LoadEach({0}, {3, 35, 35}, [](int64_t) {
    return ResizeAndCentreCrop(ReadImage(Golden("small.png")), 40, 35);
  })[0];
  EXPECT_TRUE(torch::equal(test.Images(2, 3)[0], expected));
  EXPECT_TRUE(torch::equal(test.images->Load({2, 0})[0], expected));
}

TEST_F(ImageFolderDatasetTest, WithoutATransformTheDeclaredShapeIsMade) {
  EXPECT_EQ(Load("test", std::nullopt).Images(0, 1).sizes(), at::IntArrayRef({1, 3, 224, 224}));
}

TEST_F(ImageFolderDatasetTest, ThreadsDoNotChangeTheResult) {
  const Dataset test = Load("test");
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const torch::Tensor alone = test.Images(0, 3);
  at::set_num_threads(2);
  EXPECT_TRUE(torch::equal(test.Images(0, 3), alone));
  at::set_num_threads(before);
}

TEST_F(ImageFolderDatasetTest, CalibrationTakesTrainingImagesUnlessItHasItsOwn) {
  EXPECT_EQ(Load("calibration").size(), 2);
  Put("calibration/cat/1.jpg", "turned.jpg");
  Put("calibration/cat/2.jpg", "halved.jpg");
  Put("calibration/dog/1.jpg", "inks.jpg");
  EXPECT_EQ(Load("calibration").size(), 3);
  EXPECT_EQ(Load("train").size(), 2);
}

TEST_F(ImageFolderDatasetTest, DefectsAreUsageErrorsThatNameTheFile) {
  const std::string folder = temp_.path();
  WriteFileAtomically(temp_ / "val/dog/1.jpg", ReadFile(Golden("grey.jpg")).substr(0, 900));
  const Dataset test = Load("test");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [&] { test.Images(0, 3); }),
            folder + "/val/dog/1.jpg is truncated: fetch it again or remove it");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [&] { LoadDataset("imagenet", "test", temp_.path()); }),
            folder + "/val holds 2 class folders, the dataset has 1000 classes");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage,
                         [&] {
                           Load("test", EvalTransform{30, 35});
                         }),
            "images resized to 30 pixels cannot be cropped to 35: the crop must be at least 1 and "
            "at most the size");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [&] { LoadDataset("imagenet", "test"); }),
            "dataset 'imagenet' has no default folder: give its folder with data: or "
            "$ZEROSWEEP_DATA");
}

TEST_F(ImageFolderDatasetTest, TheFingerprintFollowsTheFiles) {
  const std::string before = DatasetFingerprint("image_folder", "test", temp_.path());
  Json content;
  for (const char* name : {"cat/1.jpg", "cat/2.png", "dog/1.jpg"}) {
    content[name] = Sha256File(temp_ / "val" / name);
  }
  EXPECT_EQ(before, JsonDigest(content));
  EXPECT_EQ(LoadVerifiedDataset("image_folder", "test", temp_.path(), before).size(), 3);
  WriteFileAtomically(temp_ / "val/dog/1.jpg", "other");
  EXPECT_NE(DatasetFingerprint("image_folder", "test", temp_.path()), before);
  EXPECT_NE(ErrorMessage(ErrorKind::kUsage,
                         [&] { LoadVerifiedDataset("image_folder", "test", temp_.path(), before); })
                .find("changed since the sweep was planned"),
            std::string::npos);
}

}  // namespace
}  // namespace zerosweep
