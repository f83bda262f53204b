// Images in files of their own: ImageNet (Russakovsky et al. 2015) and any other dataset in class
// folders, and images in a list.
#include "engine/data/dataset.h"

namespace zerosweep {
namespace {

DatasetFacts FolderFacts(int classes, int test_images) {
  return {.classes = classes,
          .shape = {3, 224, 224},
          .folders = {{"train", {"train"}},
                      {"test", {"val", "test"}},
                      {"calibration", {"calibration", "train"}}},
          .layout = "val/<class>/*.{jpg,png,webp,…}, the same under train/ (or calibration/)",
          .test_images = test_images};
}

const RegisterDataset kImageNet{
    {.name = "imagenet",
     .summary = "ILSVRC 2012: 1,281,167 training and 50,000 validation images, 1000 classes, in "
                "one folder a class",
     .paper = "Russakovsky et al. 2015, arXiv:1409.0575",
     .facts = FolderFacts(1000, 50'000)}};

const RegisterDataset kImageFolder{{.name = "image_folder",
                                    .summary = "images of your own, in one folder a class",
                                    .facts = FolderFacts(0, 0)}};

const RegisterDataset kImageList{
    {.name = "image_list",
     .summary = "images of your own, named with their classes in a CSV, or without classes",
     .facts = DatasetFacts{
         .shape = {3, 224, 224},
         .layout = "labels.csv (file, class, also_right) and images/, or images without a list; "
                   "calibration.csv or calibration/",
         .lists = {{"test", "labels.csv"}, {"calibration", "calibration.csv"}}}}};

}  // namespace
}  // namespace zerosweep
