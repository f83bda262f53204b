// Images in folders by class: ImageNet (Russakovsky et al. 2015), and any other set that lies so.
#include "engine/data/dataset.h"

namespace zerosweep {
namespace {

// `classes` 0: as many as there are class folders. `test_images` 0: nobody knows before looking.
Json FolderFacts(int classes, int test_images) {
  return {{"classes", classes},
          {"test_images", test_images},
          {"shape", {3, 224, 224}},
          {"folders",
           {{"train", Json::array({"train"})},
            {"test", Json::array({"val", "test"})},
            {"calibration", Json::array({"calibration", "train"})}}},
          {"layout", "val/<class>/*.{jpg,png,webp,…}, the same under train/ (or calibration/)"},
          {"default_folder", ""},
          {"debian_package", ""},
          {"alternative_folders", Json::array()}};
}

const RegisterImageFolder kImageNet{
    {.role = "dataset",
     .name = "imagenet",
     .summary = "ILSVRC 2012: 1,281,167 training and 50,000 validation images, 1000 classes, in "
                "one folder a class",
     .paper = "Russakovsky et al. 2015, arXiv:1409.0575",
     .facts = FolderFacts(1000, 50'000)}};

const RegisterImageFolder kImageFolder{{.role = "dataset",
                                        .name = "image_folder",
                                        .summary = "images of your own, in one folder a class",
                                        .facts = FolderFacts(0, 0)}};

}  // namespace
}  // namespace zerosweep
