// Fashion-MNIST (Xiao et al. 2017) in MNIST's IDX format, gzip-compressed.
#include "base/error.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"

namespace zerosweep {
namespace {

constexpr int kClasses = 10;

// files: images, then labels
Dataset ReadFashionMnist(const std::vector<std::filesystem::path>& files) {
  const torch::Tensor images = ReadIdx(files.at(0), 3);
  const torch::Tensor labels = ReadIdx(files.at(1), 1);
  if (images.size(0) != labels.size(0)) {
    Fail(ErrorKind::kUsage, "{} holds {} images, but {} holds {} labels: fetch both files again",
         files[0].string(), images.size(0), files[1].string(), labels.size(0));
  }
  if (images.size(1) != 28 || images.size(2) != 28) {
    Fail(ErrorKind::kUsage, "{} holds images of {} × {} instead of 28 × 28", files[0].string(),
         images.size(1), images.size(2));
  }
  CheckLabels(files[1], labels, kClasses);
  return {.images = ImagesInMemory(images.unsqueeze(1)),
          .labels = labels.to(torch::kInt64),
          .classes = kClasses};
}

const RegisterDataset kFashionMnist{
    {.name = "fashion_mnist",
     .summary = "70,000 grey images of clothing, 28 × 28, 10 classes",
     .paper = "Xiao et al. 2017, arXiv:1708.07747",
     .facts =
         DatasetFacts{
             .classes = kClasses,
             .shape = {1, 28, 28},
             .files = {{"train", {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"}},
                       {"test", {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"}},
                       {"calibration",
                        {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"}}},
             .default_folder = "/usr/share/datasets/fashion-mnist",
             .debian_package = "dataset-fashion-mnist"}},
    ReadFashionMnist};

}  // namespace
}  // namespace zerosweep
