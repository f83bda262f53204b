// The source of a dataset's images: memory, or files that are decoded on demand.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "contract/image_folder.h"
#include "engine/data/image.h"
#include "engine/data/transform.h"

namespace zerosweep {

// Immutable. Use from one thread, which uses ATen's thread pool.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual int64_t size() const = 0;
  // C, H, W of the images that Load returns.
  virtual std::vector<int64_t> shape() const = 0;
  // Loads images as they are evaluated: uint8 N×C×H×W, contiguous, on the CPU. Throws kUsage,
  // naming the file, for one that cannot be decoded. REQUIRES: indices in [0, size()).
  virtual torch::Tensor Load(const std::vector<int64_t>& indices) const = 0;
  // Returns a stored image, before resizing. Safe on any thread; throws as Load does.
  virtual Image Stored(int64_t index) const = 0;
};

// images: uint8 N×C×H×W, stored as they are evaluated.
std::shared_ptr<const ImageSource> ImagesInMemory(const torch::Tensor& images);

// The files of a folder, resized and cropped; C is the transform's. Only their names are kept in memory.
std::shared_ptr<const ImageSource> ImagesInFiles(ImageFolder folder,
                                                 const EvalTransform& transform);

// Loads `load(index)` for each of the indices, on ATen's threads: uint8 N×C×H×W, where `shape` is
// the images' C, H, W.
torch::Tensor LoadEach(const std::vector<int64_t>& indices, const std::vector<int64_t>& shape,
                       const std::function<Image(int64_t index)>& load);

}  // namespace zerosweep
