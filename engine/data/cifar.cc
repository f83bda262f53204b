// CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in their binary format: for each image the label bytes
// (CIFAR-10: the label; CIFAR-100: coarse, then fine), then 1024 bytes each of red, green, blue.
#include <torch/types.h>

#include <cstring>

#include "base/error.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "engine/import/input_file.h"

namespace zerosweep {
namespace {

constexpr int64_t kImageBytes = 3 * 32 * 32;

torch::Tensor ReadRecords(const std::filesystem::path& file, int64_t record) {
  const std::string bytes = ReadInputFile(file, "dataset");
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % record != 0) {
    Fail(ErrorKind::kUsage,
         "{} is truncated or of another format: {} bytes are not a whole number of records of {}; "
         "fetch it again",
         file.string(), size, record);
  }
  torch::Tensor records = torch::empty({size / record, record}, torch::kUInt8);
  std::memcpy(records.data_ptr<uint8_t>(), bytes.data(), bytes.size());
  return records;
}

// The last of the label bytes is the label.
template <int64_t kLabelBytes, int kClasses>
Dataset ReadCifar(const std::vector<std::filesystem::path>& files) {
  std::vector<torch::Tensor> images, labels;
  for (const std::filesystem::path& file : files) {
    const torch::Tensor records = ReadRecords(file, kLabelBytes + kImageBytes);
    labels.push_back(records.select(1, kLabelBytes - 1).to(torch::kInt64));
    CheckLabels(file, labels.back(), kClasses);
    images.push_back(records.slice(1, kLabelBytes).reshape({-1, 3, 32, 32}));
  }
  return {.images = ImagesInMemory(torch::cat(images)),
          .labels = torch::cat(labels),
          .classes = kClasses};
}

const RegisterDataset kCifar10{
    {.name = "cifar10",
     .summary = "60,000 colour images, 32 × 32, 10 classes, in the binary format",
     .paper = "Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
     .facts = DatasetFacts{.classes = 10,
                           .shape = {3, 32, 32},
                           .files = {{"train",
                                      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                       "data_batch_4.bin", "data_batch_5.bin"}},
                                     {"test", {"test_batch.bin"}},
                                     {"calibration", {"calibration_batch.bin"}}},
                           .fallback = {{"calibration", "train"}},
                           .alternative_folders = {"cifar-10-batches-bin"}}},
    ReadCifar<1, 10>};

const RegisterDataset kCifar100{
    {.name = "cifar100",
     .summary = "60,000 colour images, 32 × 32, 100 classes, in the binary format",
     .paper = "Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
     .facts = DatasetFacts{.classes = 100,
                           .shape = {3, 32, 32},
                           .files = {{"train", {"train.bin"}},
                                     {"test", {"test.bin"}},
                                     {"calibration", {"train.bin"}}},
                           .alternative_folders = {"cifar-100-binary"}}},
    ReadCifar<2, 100>};

}  // namespace
}  // namespace zerosweep
