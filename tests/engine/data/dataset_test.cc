#include "engine/data/dataset.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <zlib.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

std::string Gzip(const std::string& bytes) {
  const TempFolder folder;
  const std::string path = folder / "z";
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return ReadFile(path);
}

std::string Idx(const std::vector<uint32_t>& shape, const std::string& values) {
  std::string bytes("\0\0\x08", 3);
  bytes.push_back(static_cast<char>(shape.size()));
  for (const uint32_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift));
  }
  return bytes + values;
}

// Two images: all pixels 1, all pixels 2; labels 3 and 9.
class FashionFolder {
 public:
  FashionFolder() {
    Write("t10k-images-idx3-ubyte.gz", Gzip(Images()));
    Write("t10k-labels-idx1-ubyte.gz", Gzip(Idx({2}, "\x03\x09")));
  }
  static std::string Images() {
    return Idx({2, 28, 28}, std::string(784, '\1') + std::string(784, '\2'));
  }
  void Write(const std::string& name, const std::string& bytes) {
    WriteFileAtomically(folder_ / name, bytes);
  }
  // The message of the kUsage error that loading gives, without the folder.
  std::string Defect() const {
    try {
      LoadDataset("fashion_mnist", "test", folder_.path());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      std::string message = error.what();
      const std::string prefix = folder_.path().string() + "/";
      for (size_t at = 0; (at = message.find(prefix)) != std::string::npos;) {
        message.erase(at, prefix.size());
      }
      return message;
    }
    return "none";
  }
  const TempFolder& folder() const { return folder_; }

 private:
  TempFolder folder_;
};

std::string Record(const std::string& labels, char pixel) {
  return labels + std::string(1024, pixel) + std::string(1024, static_cast<char>(pixel + 1)) +
         std::string(1024, static_cast<char>(pixel + 2));
}

TEST(DatasetTest, ReadsFashionMnist) {
  const FashionFolder files;
  const Dataset test = LoadDataset("fashion_mnist", "test", files.folder().path());
  EXPECT_EQ(test.name, "fashion_mnist");
  EXPECT_EQ(test.split, "test");
  EXPECT_EQ(test.classes, 10);
  EXPECT_EQ(test.shape(), (std::vector<int64_t>{1, 28, 28}));
  EXPECT_EQ(test.images->size(), 2);
  EXPECT_TRUE(test.Images(0, 1).eq(1).all().item<bool>());
  EXPECT_TRUE(test.Images(1, 2).eq(2).all().item<bool>());
  EXPECT_TRUE(torch::equal(test.labels, torch::tensor({3, 9}, torch::kInt64)));
}

TEST(DatasetTest, ImagesComeInTheOrderAskedForAndAsStored) {
  const FashionFolder files;
  const Dataset test = LoadDataset("fashion_mnist", "test", files.folder().path());
  EXPECT_TRUE(torch::equal(test.images->Load({1, 0, 1}).select(3, 0).select(2, 0).flatten(),
                           torch::tensor({2, 1, 2}, torch::kUInt8)));
  const Image stored = test.images->Stored(1);
  EXPECT_EQ(stored.channels, 1);
  EXPECT_EQ(stored.pixels, std::vector<uint8_t>(784, 2));
}

TEST(DatasetTest, UncompressedIdxFilesAreReadAsWell) {
  FashionFolder files;
  files.Write("t10k-images-idx3-ubyte.gz", FashionFolder::Images());
  EXPECT_EQ(files.Defect(), "none");
}

TEST(DatasetTest, DamagedIdxFilesAreNamed) {
  const std::string images = "t10k-images-idx3-ubyte.gz", labels = "t10k-labels-idx1-ubyte.gz";
  const auto defect = [](const std::string& name, const std::string& bytes) {
    FashionFolder files;
    files.Write(name, bytes);
    return files.Defect();
  };
  const std::string whole = Gzip(FashionFolder::Images());
  for (const size_t length :
       {size_t{0}, size_t{1}, size_t{12}, whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
    const std::string message = defect(images, whole.substr(0, length));
    EXPECT_TRUE(message.starts_with(images + " is truncated")) << length << ": " << message;
  }
  const std::string raw = FashionFolder::Images();
  EXPECT_EQ(defect(images, Gzip(raw.substr(0, raw.size() - 1))),
            images + " is truncated: 1 more bytes were expected; fetch it again");
  EXPECT_EQ(defect(images, Gzip(raw + "x")),
            images + " is longer than its header says: fetch it again");
  std::string wrong_sum = whole;
  wrong_sum[wrong_sum.size() - 8] ^= 1;
  EXPECT_EQ(defect(images, wrong_sum),
            images + " is corrupt (incorrect data check): fetch it again");
  EXPECT_EQ(defect(images, Gzip(Idx({2}, "ab"))),
            images +
                " starts with 00000801 instead of 00000803: it is not an IDX file of bytes "
                "with 3 dimensions");
  EXPECT_EQ(defect(images, Gzip(Idx({0xffffffff, 0xffffffff, 2}, ""))),
            images + ": its header says 4294967295 for dimension 1: the file is corrupt");
  EXPECT_EQ(defect(images, Gzip(Idx({2, 2, 2}, "12345678"))),
            images + " holds images of 2 × 2 instead of 28 × 28");
  EXPECT_EQ(defect(labels, Gzip(Idx({3}, std::string("\1\2\3")))),
            images + " holds 2 images, but " + labels + " holds 3 labels: fetch both files again");
  EXPECT_EQ(defect(labels, Gzip(Idx({2}, "\x09\x0a"))),
            labels + ": image 1 has label 10, but there are 10 classes: the file is corrupt");
}

TEST(DatasetTest, ReadsCifar10AlsoInItsSubFolder) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "cifar-10-batches-bin");
  WriteFileAtomically(folder / "cifar-10-batches-bin/test_batch.bin",
                      Record("\x07", 10) + Record(std::string(1, '\0'), 20));
  const Dataset test = LoadDataset("cifar10", "test", folder.path());
  EXPECT_EQ(test.shape(), (std::vector<int64_t>{3, 32, 32}));
  EXPECT_TRUE(torch::equal(test.labels, torch::tensor({7, 0}, torch::kInt64)));
  // Red, green, blue, each a plane.
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_TRUE(test.Images(1, 2)[0][channel].eq(20 + channel).all().item<bool>()) << channel;
    EXPECT_EQ(test.images->Stored(1).pixels.at(static_cast<size_t>(channel)), 20 + channel);
  }
}

TEST(DatasetTest, CalibrationFallsBackToTraining) {
  const TempFolder folder;
  for (int i = 1; i <= 5; ++i) {
    WriteFileAtomically(folder / ("data_batch_" + std::to_string(i) + ".bin"),
                        Record(std::string(1, static_cast<char>(i)), 1));
  }
  EXPECT_TRUE(torch::equal(LoadDataset("cifar10", "calibration", folder.path()).labels,
                           torch::tensor({1, 2, 3, 4, 5}, torch::kInt64)));
  WriteFileAtomically(folder / "calibration_batch.bin", Record("\x08", 1));
  EXPECT_EQ(LoadDataset("cifar10", "calibration", folder.path()).labels.size(0), 1);
}

TEST(DatasetTest, ReadsTheFineLabelsOfCifar100) {
  const TempFolder folder;
  WriteFileAtomically(folder / "test.bin", Record("\x13\x63", 5));
  const Dataset test = LoadDataset("cifar100", "test", folder.path());
  EXPECT_EQ(test.classes, 100);
  EXPECT_EQ(test.labels[0].item<int64_t>(), 99);
  EXPECT_TRUE(test.Images(0, 1)[0][0].eq(5).all().item<bool>());
}

TEST(DatasetTest, DamagedCifarFilesAreNamed) {
  const TempFolder folder;
  const std::string path = (folder / "test_batch.bin").string();
  const auto defect = [&](const std::string& bytes) {
    WriteFileAtomically(path, bytes);
    return ErrorMessage(ErrorKind::kUsage, [&] { LoadDataset("cifar10", "test", folder.path()); });
  };
  EXPECT_EQ(defect(Record("\x01", 1).substr(1)),
            path +
                " is truncated or of another format: 3072 bytes are not a whole number of "
                "records of 3073; fetch it again");
  EXPECT_EQ(defect(Record("\x0a", 1)),
            path + ": image 0 has label 10, but there are 10 classes: the file is corrupt");
  EXPECT_NE(defect("").find("is truncated"), std::string::npos);
}

TEST(DatasetTest, AbsentDataSayWhatToDo) {
  EXPECT_EQ(
      ErrorMessage(ErrorKind::kUsage, [] { LoadDataset("fashion_mnist", "test", "/nowhere"); }),
      "dataset 'fashion_mnist': there is no folder /nowhere: install Debian's "
      "dataset-fashion-mnist, or give its folder with data: or $ZEROSWEEP_DATA");
  const TempFolder folder;
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [&] { LoadDataset("cifar10", "test", folder.path()); }),
            "dataset 'cifar10': the file " + (folder / "test_batch.bin").string() +
                " is missing: give its folder with data: or $ZEROSWEEP_DATA");
  EXPECT_EQ(
      ErrorMessage(ErrorKind::kUsage, [] { LoadDataset("cifar10", "test"); }),
      "dataset 'cifar10' has no default folder: give its folder with data: or $ZEROSWEEP_DATA");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage,
                         [] {
                           LoadDataset("cifar10", "test", "/", EvalTransform{256, 224});
                         }),
            "images of cifar10 are not resized: leave the resize and the crop out");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [] { LoadDataset("cifar11", "test"); }),
            "unknown dataset 'cifar11', did you mean 'cifar10'?");
  EXPECT_EQ(ErrorMessage(ErrorKind::kUsage, [] { LoadDataset("cifar10", "tst", "/"); }),
            "dataset 'cifar10': unknown split 'tst', did you mean 'test'?");
}

}  // namespace
}  // namespace zerosweep
