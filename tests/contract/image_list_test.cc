// Images in lists and in folders without classes: what is listed, in which order, what names it, and
// what is refused.
#include "contract/image_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/hash.h"
#include "contract/dataset_files.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class ImageListTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((temp_ / name).parent_path());
    std::ofstream(temp_ / name, std::ios::binary) << bytes;
  }
  // Images whose bytes are their names, below `folder`.
  void Images(const std::string& folder, const std::vector<std::string>& names) const {
    for (const std::string& name : names) Write(folder + name, "image " + name);
  }

  static DatasetFacts Facts() {
    return {.lists = {{"test", "labels.csv"}, {"calibration", "calibration.csv"}}};
  }
  ImageFolder List(const std::string& split = "test") const {
    return ListImageFiles(temp_.path(), Facts(), split);
  }
  // The listing of labels.csv with these lines after the header.
  ImageFolder Rows(const std::string& rows,
                   const std::string& header = "file,class,also_right\n") const {
    Write("labels.csv", header + rows);
    return List();
  }
  std::string Shown(std::string message) const {
    const std::string prefix = temp_.path().string() + "/";
    for (size_t at = 0; (at = message.find(prefix)) != std::string::npos;)
      message.erase(at, prefix.size());
    return message;
  }
  std::string DefectOf(const std::string& split = "test") const {
    return Shown(ErrorMessage(ErrorKind::kUsage, [&] { List(split); }));
  }
  std::string DefectOfRows(const std::string& rows,
                           const std::string& header = "file,class,also_right\n") const {
    return Shown(ErrorMessage(ErrorKind::kUsage, [&] { Rows(rows, header); }));
  }

  static std::vector<std::string> Names(const ImageFolder& folder) {
    std::vector<std::string> names;
    for (const ImageFolder::File& file : folder.files) names.push_back(file.name);
    return names;
  }
  static std::vector<int64_t> Labels(const ImageFolder& folder) {
    std::vector<int64_t> labels;
    for (const ImageFolder::File& file : folder.files) labels.push_back(file.label);
    return labels;
  }

  const TempFolder temp_;
};

TEST_F(ImageListTest, ImagesComeInTheOrderOfTheListWithTheirClasses) {
  Images("images/", {"b.jpg", "sub/a.png", "c, d.jpg", "unlisted.jpg"});
  const ImageFolder list = Rows(
      "sub/a.png,7,7\n"
      "b.jpg,0,3 5;9\n"
      "\n"
      "\"c, d.jpg\",999,\n");
  EXPECT_EQ(list.root, temp_ / "images");
  EXPECT_THAT(Names(list), ElementsAre("sub/a.png", "b.jpg", "c, d.jpg"));
  EXPECT_THAT(Labels(list), ElementsAre(7, 0, 999));
  EXPECT_THAT(list.also_right, ElementsAre(Pair(1, 3), Pair(1, 5), Pair(1, 9)));
  EXPECT_THAT(list.classes, IsEmpty());
  EXPECT_TRUE(list.is_labelled());
  EXPECT_EQ(list.highest_class, 999);
  EXPECT_EQ(list.highest_class_at, "labels.csv:5");
  EXPECT_EQ(PassedOverWarning(list), "");
}

TEST_F(ImageListTest, AListMayComeFromASpreadsheet) {
  Images("", {"a.jpg", "b \"x\".jpg"});  // no folder images/
  const ImageFolder list =
      Rows("3,\"a.jpg\"\r\n4,\"b \"\"x\"\".jpg\"\r\n", "\xef\xbb\xbf\"class\",file\r\n");
  EXPECT_THAT(Names(list), ElementsAre("a.jpg", "b \"x\".jpg"));
  EXPECT_THAT(Labels(list), ElementsAre(3, 4));
}

TEST_F(ImageListTest, AListWithoutClassesHasNone) {
  Images("", {"a.jpg", "b.jpg"});
  const ImageFolder list = Rows("./b.jpg", "file\n");
  EXPECT_THAT(Names(list), ElementsAre("b.jpg"));
  EXPECT_FALSE(list.is_labelled());
}

TEST_F(ImageListTest, WithoutAListTheFolderIsRead) {
  Images("images/", {"z.jpg", "deep/a.PNG", ".hidden.jpg", "moving.gif", "notes.txt"});
  Images("", {"elsewhere.jpg"});
  const ImageFolder all = List();
  EXPECT_THAT(Names(all), ElementsAre("z.jpg", "deep/a.PNG"));
  EXPECT_FALSE(all.is_labelled());
  EXPECT_EQ(Shown(PassedOverWarning(all)),
            "images: 2 files that look like images are passed over (1 .gif, 1 hidden), such as "
            ".hidden.jpg; only .bmp, .jpeg, .jpg, .pgm, .png, .ppm, .tif, .tiff, .webp files are "
            "read");
  fs::remove_all(temp_ / "images");
  Images("calibration/", {"other.jpg"});
  EXPECT_THAT(Names(List()), ElementsAre("elsewhere.jpg")) << "and nothing below";
}

TEST_F(ImageListTest, SplitsAreThoseThatExist) {
  EXPECT_THAT(SplitsIn(temp_.path(), Facts()), IsEmpty());
  Images("", {"a.jpg"});
  EXPECT_THAT(SplitsIn(temp_.path(), Facts()), ElementsAre("test"));
  Write("calibration.csv", "file\n");
  EXPECT_THAT(SplitsIn(temp_.path(), Facts()), ElementsAre("calibration", "test"));
  EXPECT_EQ(DefectOf("train"), "lists of images have no train images (known: calibration, test)");
}

TEST_F(ImageListTest, CalibrationImagesAreListedOrInAFolderOfTheirOwn) {
  Images("images/", {"a.jpg", "b.jpg", "c.jpg"});
  Write("labels.csv", "file\na.jpg\n");
  EXPECT_EQ(DefectOf("calibration"),
            Shown(temp_.path().string()) +
                " has no calibration images: neither calibration.csv nor calibration/");
  Write("calibration.csv", "file,class\nc.jpg,1\n");
  EXPECT_EQ(List("calibration").root, temp_ / "images");
  EXPECT_THAT(Labels(List("calibration")), ElementsAre(1));
  Images("calibration/", {"d.jpg", "e/f.jpg"});
  EXPECT_EQ(DefectOf("calibration"),
            "calibration.csv:2: cannot read the image "
            "calibration/c.jpg: No such file or directory");
  fs::remove(temp_ / "calibration.csv");
  EXPECT_THAT(Names(List("calibration")), ElementsAre("d.jpg", "e/f.jpg"));
}

TEST_F(ImageListTest, ATestImageDoesNotCalibrate) {
  Images("images/", {"a.jpg", "b.jpg", "c.jpg"});
  Write("labels.csv", "file\na.jpg\nb.jpg\n");
  Write("calibration.csv", "file\nc.jpg\nb.jpg\n");
  const std::string refused =
      "1 of the 2 calibration images in {} are test images too, such as {}: a network is not "
      "tested on what calibrated it";
  EXPECT_EQ(DefectOf("calibration"), fmt::format(fmt::runtime(refused), "images", "b.jpg"));
  fs::remove(temp_ / "calibration.csv");
  Write("calibration/copy.jpg", "image a.jpg");  // the same bytes
  Write("calibration/other.jpg", "image z.jpg");
  EXPECT_EQ(DefectOf("calibration"), fmt::format(fmt::runtime(refused), "calibration", "copy.jpg"));
  fs::remove(temp_ / "calibration/copy.jpg");
  EXPECT_THAT(Names(List("calibration")), ElementsAre("other.jpg"));
}

TEST_F(ImageListTest, DamagedListsAreRefusedInOneLine) {
  Images("images/", {"a.jpg", "b.jpg"});
  Images("", {"secret.jpg"});
  fs::create_directories(temp_ / "images/folder.jpg");
  const std::string first = "file,class,also_right\n";
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"", "", "labels.csv:1: the list is empty: its first line is file,class,also_right"},
      {first, "", "labels.csv:1: the list names no image"},
      {"file;class\n", "a.jpg;1\n",
       "labels.csv:1: unknown column 'file;class' (known: file, class, also_right): the first line "
       "is file,class,also_right"},
      {"file,clas\n", "",
       "labels.csv:1: unknown column 'clas', did you mean 'class'?: the first line is "
       "file,class,also_right"},
      {"file,file\n", "", "labels.csv:1: the column 'file' is there twice"},
      {"class\n", "1\n", "labels.csv:1: there is no column 'file'"},
      {"file,also_right\n", "a.jpg,1\n",
       "labels.csv:1: there is a column 'also_right' but no column 'class'"},
      {first, "a.jpg,1\n", "labels.csv:2: 2 fields, but the first line has 3"},
      {first, "a.jpg,1,\nb.jpg,,\n",
       "labels.csv:3: no class is given: give every image one, or leave the column out"},
      {first, "a.jpg,cat,\n",
       "labels.csv:2: the class is 'cat', must be the index of a class, from 0 on"},
      {first, "a.jpg,-1,\n",
       "labels.csv:2: the class is '-1', must be the index of a class, from 0 on"},
      {first, "a.jpg,1.5,\n",
       "labels.csv:2: the class is '1.5', must be the index of a class, from 0 on"},
      {first, "a.jpg,99999999999999999999,\n",
       "labels.csv:2: the class is '99999999999999999999', must be the index of a class, from 0 "
       "on"},
      {first, "a.jpg,1,2|3\n",
       "labels.csv:2: the class is '2|3', must be the index of a class, from 0 on"},
      {first, "gone.jpg,1,\n",
       "labels.csv:2: cannot read the image images/gone.jpg: No such file or directory"},
      {first, "folder.jpg,1,\n",
       "labels.csv:2: cannot read the image images/folder.jpg: it is not a file"},
      {first, "../secret.jpg,1,\n", "labels.csv:2: ../secret.jpg is outside the folder images"},
      {first, "a/../../secret.jpg,1,\n",
       "labels.csv:2: a/../../secret.jpg is outside the folder images"},
      {first, "/etc/passwd,1,\n", "labels.csv:2: /etc/passwd is outside the folder images"},
      {first, "a.jpg,1,\n./a.jpg,2,\n", "labels.csv:3: ./a.jpg is in the list twice"},
      {first, ",1,\n", "labels.csv:2: there is no file name"},
      {first, "\"a.jpg,1,\n", "labels.csv:2: a field holds a control character"},
      {first, "a.jpg,1,\"2", "labels.csv:2: a quote is never closed"},
      {first, "\"a.jpg\"x,1,\n", "labels.csv:2: a field goes on after its closing quote"},
      {first, "a\"b\".jpg,1,\n",
       "labels.csv:2: a quote stands inside a field: quote the whole field"},
      {first, std::string("a\0.jpg,1,\n", 10), "labels.csv:2: a field holds a control character"},
      {first, "\xff.jpg,1,\n",
       "labels.csv:2: the file name \\xff.jpg is not UTF-8 text: rename the file"},
  };
  for (const auto& [header, rows, message] : cases)
    EXPECT_EQ(DefectOfRows(rows, header), message) << header << rows;
}

TEST_F(ImageListTest, AListHasABoundAndIsAFile) {
  Images("images/", {"a.jpg"});
  Write("labels.csv", "file\na.jpg\n");
  fs::resize_file(temp_ / "labels.csv", 64'000'001);  // sparse
  EXPECT_EQ(DefectOf(), "labels.csv is larger than a list of images may be (64.0 MB)");
  fs::remove(temp_ / "labels.csv");
  fs::create_symlink("nowhere", temp_ / "labels.csv");
  EXPECT_EQ(DefectOf(), "labels.csv is not a file") << "the images are not read as unlabelled";
}

// Random changes of a list: it is read, or refused in one line.
TEST_F(ImageListTest, ChangedListsAreReadOrRefused) {
  Images("images/", {"a.jpg", "b, c.jpg", "d/e.png"});
  const std::string list =
      "file,class,also_right\r\na.jpg,1,2;3\n\"b, c.jpg\",20,\nd/e.png,0,\"4 5\"\n";
  std::mt19937 random(7);
  const auto below = [&](size_t n) { return random() % n; };
  const std::string marks = std::string(",\";\n\r ./-09\xff\xc3") + '\0';
  int read = 0;
  for (int i = 0; i < 1000; ++i) {
    std::string changed = list;
    for (size_t n = 1 + below(4); n > 0; --n) {
      const size_t at = below(changed.size());
      const char mark = marks[below(marks.size())];
      if (below(3) == 0) {
        changed[at] = mark;
      } else if (below(2) == 0) {
        changed.insert(at, 1, mark);
      } else {
        changed.erase(at, 1 + below(3));
      }
    }
    Write("labels.csv", changed);
    const std::string defect = ErrorMessage(ErrorKind::kUsage, [&] { List(); });
    read += defect == "no error" ? 1 : 0;
  }
  EXPECT_GT(read, 10);
  EXPECT_LT(read, 700);
}

TEST_F(ImageListTest, TheHighestClassMustBeOneOfTheModel) {
  Images("images/", {"a.jpg", "b.jpg"});
  const ImageFolder list = Rows("a.jpg,3,\nb.jpg,1,10\n");
  RequireClassWithin(list.highest_class, list.highest_class_at, 11);
  EXPECT_EQ(
      ErrorMessage(ErrorKind::kUsage,
                   [&] { RequireClassWithin(list.highest_class, list.highest_class_at, 10); }),
      "labels.csv:3: class 10 is beyond the 10 classes of the model (0 to 9)");
}

TEST_F(ImageListTest, TheFingerprintIsOfContentOrderAndClasses) {
  Images("images/", {"a.jpg", "b.jpg"});
  const DigestFiles digest = [](const std::vector<fs::path>& files) {
    std::vector<std::string> digests;
    for (const fs::path& file : files) digests.push_back(Sha256File(file));
    return digests;
  };
  const auto print = [&](const ImageFolder& list, const std::string& split = "test") {
    return ImageFolderFingerprint(list, split, digest);
  };
  const std::string a = Sha256Hex("image a.jpg"), b = Sha256Hex("image b.jpg");
  EXPECT_EQ(print(Rows("b.jpg,1,4\na.jpg,0,\n")),
            JsonDigest(Json::array({{"b.jpg", b, 1, 4}, {"a.jpg", a, 0}})));
  EXPECT_EQ(print(Rows("\"b.jpg\",1,\"4 \"\r\n\na.jpg,0,0\n")),
            print(Rows("b.jpg,1,4\na.jpg,0,\n")))
      << "the form of the list does not count";
  EXPECT_EQ(print(Rows("a.jpg\n", "file\n")), JsonDigest(Json::array({Json::array({"a.jpg", a})})));
  EXPECT_EQ(print(Rows("a.jpg,2\n", "file,class\n"), "calibration"),
            JsonDigest(Json::array({{"a.jpg", 11, 2}})));
  // A remembered fingerprint is found by the state, which changes with them too.
  const std::string before = StateOf(Rows("a.jpg,0,1\n")).key;
  EXPECT_EQ(StateOf(Rows("a.jpg,0,1\n")).key, before);
  EXPECT_NE(StateOf(Rows("a.jpg,1,\n")).key, before);
  EXPECT_NE(StateOf(Rows("a.jpg,0,2\n")).key, before);
  EXPECT_NE(StateOf(Rows("a.jpg\n", "file\n")).key, before);
}

}  // namespace
}  // namespace zerosweep
