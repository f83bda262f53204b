// Images in folders by class: what is listed, in which order, and what names it.
#include "contract/image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/hash.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;

class ImageFolderTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& bytes = "x") const {
    fs::create_directories((temp_ / name).parent_path());
    std::ofstream(temp_ / name, std::ios::binary) << bytes;
  }

  std::vector<std::string> Names(const ImageFolder& folder) const {
    std::vector<std::string> names;
    for (const ImageFolder::File& file : folder.files) names.push_back(file.name);
    return names;
  }

  // The message of the usage error, without this test's folder.
  std::string DefectOf(const std::string& root, const DatasetFacts& facts = {},
                       const std::string& split = "test") const {
    try {
      if (!facts.in_class_folders()) {
        ListImageFolder(temp_ / root);
      } else {
        ListSplit(temp_ / root, facts, split);
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      std::string message = error.what();
      const std::string prefix = temp_.path().string() + "/";
      for (size_t at = 0; (at = message.find(prefix)) != std::string::npos;) {
        message.erase(at, prefix.size());
      }
      return message;
    }
    return "none";
  }

  static DatasetFacts Facts(int classes) {
    return {.classes = classes,
            .folders = {{"train", {"train"}},
                        {"test", {"val", "test"}},
                        {"calibration", {"calibration", "train"}}}};
  }

  const TempFolder temp_;
};

TEST_F(ImageFolderTest, ListsRoundByRoundWithSortedClasses) {
  for (const char* name : {"b/2.jpg", "b/1.PNG", "b/3.JPEG", "B/z.jpeg", "a/only.jpg"}) Write(name);
  for (const char* passed_over : {"a/notes.txt", "a/.hidden.jpg", ".git/x.jpg", "list.txt"}) {
    Write(passed_over);
  }
  const ImageFolder folder = ListImageFolder(temp_.path());
  EXPECT_THAT(folder.classes, ElementsAre("B", "a", "b"));
  EXPECT_THAT(Names(folder),
              ElementsAre("B/z.jpeg", "a/only.jpg", "b/1.PNG", "b/2.jpg", "b/3.JPEG"));
  EXPECT_EQ(folder.files[1].label, 1);
  EXPECT_EQ(folder.files[4].label, 2);
}

// What Python says to torchvision's loop (datasets/folder.py, make_dataset):
//   for root, _, names in sorted(os.walk(folder, followlinks=True)): for name in sorted(names)
TEST_F(ImageFolderTest, NestedFoldersAreReadInTorchvisionsOrder) {
  for (const char* name : {"cat/z.jpg", "cat/a/1.jpg", "cat/a-b/1.jpg", "cat/a/b/1.jpg",
                           "cat/B/1.jpg", "dog/only/here/1.jpg", "dog/only/here/2.jpg"}) {
    Write(name);
  }
  const ImageFolder folder = ListImageFolder(temp_.path());
  EXPECT_THAT(folder.classes, ElementsAre("cat", "dog"));
  std::vector<std::string> cats, dogs;
  for (const ImageFolder::File& file : folder.files) {
    (file.label == 0 ? cats : dogs).push_back(file.name);
  }
  EXPECT_THAT(cats, ElementsAre("cat/z.jpg", "cat/B/1.jpg", "cat/a/1.jpg", "cat/a-b/1.jpg",
                                "cat/a/b/1.jpg"));
  EXPECT_THAT(dogs, ElementsAre("dog/only/here/1.jpg", "dog/only/here/2.jpg"));
  EXPECT_EQ(folder.files[1].name, "dog/only/here/1.jpg") << "rounds hold over nested folders";
  EXPECT_EQ(PassedOverWarning(folder), "");
}

TEST_F(ImageFolderTest, EveryEndingOfTorchvisionIsRead) {
  for (const char* name : {"a/1.jpg", "a/2.JPEG", "a/3.Png", "a/4.ppm", "a/5.BMP", "a/6.pgm",
                           "a/7.tif", "a/8.TIFF", "a/9.webp"}) {
    Write(name);
  }
  EXPECT_EQ(ListImageFolder(temp_.path()).files.size(), 9u);
}

TEST_F(ImageFolderTest, WhatLooksLikeAnImageAndIsNotReadIsCountedAndNamed) {
  for (const char* name : {"a/1.jpg", "a/x.gif", "a/deep/y.GIF", "b/1.jpg", "b/z.heic", "b/._1.jpg",
                           "b/.ipynb_checkpoints/1.jpg", "loose.png", "loose.svg", "notes.txt",
                           "a/Thumbs.db", "a/labels.json", ".cache/x.jpg"}) {
    Write(name);
  }
  const ImageFolder folder = ListImageFolder(temp_ / ".");
  EXPECT_EQ(folder.files.size(), 2u);
  EXPECT_EQ(PassedOverWarning(folder),
            (temp_ / ".").string() +
                ": 7 files that look like images are passed over (2 .gif, 1 .heic, 2 hidden, 2 next to the "
                "class folders), such as a/deep/y.GIF; only .bmp, .jpeg, .jpg, "
                ".pgm, .png, .ppm, .tif, .tiff, .webp files in class folders are read");
}

TEST_F(ImageFolderTest, LinksAreFollowedButNotInCircles) {
  Write("pool/1.jpg");
  Write("val/a/2.jpg");
  fs::create_directory_symlink("../../pool", temp_ / "val/a/linked");
  EXPECT_THAT(Names(ListImageFolder(temp_ / "val")), ElementsAre("a/2.jpg", "a/linked/1.jpg"));
  fs::create_directory_symlink("..", temp_ / "val/a/up");
  EXPECT_EQ(DefectOf("val"),
            "the folder val/a/up/a leads back to one above it, so its images have no end: remove "
            "the link");
}

TEST_F(ImageFolderTest, NamesThatAreNotUtf8AreRefusedByName) {
  Write("image/a/caf\xe9.png");
  EXPECT_EQ(
      DefectOf("image"),
      "the name of an image is not UTF-8 text: image/a/caf\\xe9.png; rename it, since results "
      "could not name it");
  Write("class/ch\xe2t/1.png");
  EXPECT_EQ(
      DefectOf("class"),
      "the name of a class folder is not UTF-8 text: class/ch\\xe2t; rename it, since results "
      "could not name it");
  Write("nested/a/d\xe9/1.png");
  EXPECT_EQ(DefectOf("nested"),
            "the name of an image is not UTF-8 text: nested/a/d\\xe9/1.png; rename it, since "
            "results could not name it");
  for (const char* name : {"odd/=a,\"b\"/-c#d:e.png", "odd/\xc3\xa9\n/'1'.png"}) Write(name);
  EXPECT_EQ(ListImageFolder(temp_ / "odd").files.size(), 2u) << "every other name is one";
}

TEST_F(ImageFolderTest, RefusesWhatIsNoSuchFolder) {
  EXPECT_EQ(DefectOf("absent"), "cannot list the folder absent: No such file or directory");
  fs::create_directory(temp_ / "empty");
  EXPECT_EQ(DefectOf("empty"),
            "empty holds no class folders: images lie in <class>/*.jpg, *.png and so on");
  Write("flat/1.jpg");
  Write("flat/2.jpg");
  EXPECT_EQ(DefectOf("flat"),
            "flat holds 2 images but no class folders: sort them into one folder a class");
  Write("some/full/1.jpg");
  Write("some/hollow/readme.txt");
  EXPECT_EQ(DefectOf("some"),
            "the class folder some/hollow holds no image (.bmp, .jpeg, .jpg, .pgm, .png, .ppm, "
            ".tif, .tiff, .webp): remove it or fetch its images");
}

TEST_F(ImageFolderTest, AFileThatCannotBeReadIsNamed) {
  Write("val/a/1.jpg");
  fs::create_symlink("nowhere", temp_ / "val/a/2.jpg");
  EXPECT_EQ(DefectOf("val"), "cannot read the image val/a/2.jpg: No such file or directory");
}

TEST_F(ImageFolderTest, SplitsMustHaveTheDeclaredAndTheSameClasses) {
  for (const char* name : {"val/a/1.jpg", "val/b/1.jpg", "train/a/1.jpg", "train/b/1.jpg"}) {
    Write(name);
  }
  EXPECT_EQ(ListSplit(temp_.path(), Facts(2), "test").root, temp_ / "val");
  EXPECT_EQ(ListSplit(temp_.path(), Facts(0), "calibration").root, temp_ / "train");
  EXPECT_EQ(DefectOf(".", Facts(1000)),
            "./val holds 2 class folders, the dataset has 1000 classes");
  Write("calibration/a/1.jpg");
  EXPECT_EQ(DefectOf(".", Facts(0), "calibration"),
            "./calibration and ./val hold different classes, so that labels would not agree: only "
            "one of them has the folder b");
  EXPECT_EQ(DefectOf("val", Facts(0), "train"), "val has no folder of train images");
}

TEST_F(ImageFolderTest, ClassFoldersInTheWrongPlaceAreNoticed) {
  const auto misplaced = [this](const std::string& root) {
    std::string message = MisplacedClasses(temp_ / root, Facts(1000));
    const std::string prefix = temp_.path().string() + "/";
    for (size_t at = 0; (at = message.find(prefix)) != std::string::npos;)
      message.erase(at, prefix.size());
    return message;
  };
  Write("flat/n01440764/x.JPEG");
  EXPECT_EQ(misplaced("flat"),
            "flat holds class folders itself (n01440764, …): test images lie in flat/val/<class>/");
  Write("imagenet/val/n01440764/x.JPEG");
  EXPECT_EQ(misplaced("imagenet"), "");
  EXPECT_EQ(
      misplaced("imagenet/val"),
      "imagenet/val is the folder of the test images itself: give the one above it, imagenet");
  EXPECT_EQ(misplaced("imagenet/val/"), misplaced("imagenet/val"));
  EXPECT_EQ(misplaced("absent"), "");
  fs::create_directories(temp_ / "other/folder");
  EXPECT_EQ(misplaced("other"), "");
}

TEST_F(ImageFolderTest, TheFingerprintIsTheContentOfTestImagesAndTheSizesOfOthers) {
  Write("a/1.jpg", "one");
  Write("b/1.jpg", "three");
  const auto digest = [](const std::vector<fs::path>& files) {
    std::vector<std::string> digests;
    for (const fs::path& file : files) digests.push_back(Sha256File(file));
    return digests;
  };
  const ImageFolder folder = ListImageFolder(temp_.path());
  EXPECT_EQ(ImageFolderFingerprint(folder, "test", digest),
            JsonDigest({{"a/1.jpg", Sha256Hex("one")}, {"b/1.jpg", Sha256Hex("three")}}));
  EXPECT_EQ(ImageFolderFingerprint(folder, "calibration", digest),
            JsonDigest({{"a/1.jpg", 3}, {"b/1.jpg", 5}}));
}

TEST_F(ImageFolderTest, TheListingChangesWithEveryFile) {
  Write("a/1.jpg", "one");
  const std::string before = StateOf(ListImageFolder(temp_.path())).key;
  EXPECT_EQ(StateOf(ListImageFolder(temp_.path())).key, before);
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(temp_ / "a/1.jpg", old);
  const std::string touched = StateOf(ListImageFolder(temp_.path())).key;
  EXPECT_NE(touched, before);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the file system's clock goes on
  Write("a/1.jpg", "two");  // of the same size, its time put back: cp -p, tar x
  fs::last_write_time(temp_ / "a/1.jpg", old);
  const std::string replaced = StateOf(ListImageFolder(temp_.path())).key;
  EXPECT_NE(replaced, touched);
  Write("a/2.jpg");
  EXPECT_NE(StateOf(ListImageFolder(temp_.path())).key, replaced);
}

TEST_F(ImageFolderTest, TheUsualResizeIsThatOfThePapers) {
  EXPECT_EQ(UsualResize(224), 256);
  EXPECT_EQ(UsualResize(299), 342);
  EXPECT_EQ(UsualResize(32), 37);
}

}  // namespace
}  // namespace zerosweep
