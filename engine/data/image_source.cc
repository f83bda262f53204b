#include "engine/data/image_source.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <utility>

#include "base/error.h"
#include "engine/data/resample.h"

namespace zerosweep {
namespace {

// Copies an image into channels × height × width bytes at `target`.
void CopyPlanes(const Image& image, uint8_t* target) {
  const int64_t plane = image.height * image.width;
  for (int64_t c = 0; c < image.channels; ++c) {
    const uint8_t* source = image.pixels.data() + c;
    for (int64_t i = 0; i < plane; ++i) *target++ = source[i * image.channels];
  }
}

class InMemory final : public ImageSource {
 public:
  explicit InMemory(torch::Tensor images) : images_(std::move(images)) {}

  int64_t size() const override { return images_.size(0); }
  std::vector<int64_t> shape() const override { return images_.sizes().slice(1).vec(); }

  torch::Tensor Load(const std::vector<int64_t>& indices) const override {
    return images_.index_select(0, torch::tensor(indices, torch::kInt64));
  }

  Image Stored(int64_t index) const override {
    Image image{images_.size(2), images_.size(3), images_.size(1), {}};
    const int64_t plane = image.height * image.width;
    image.pixels.resize(static_cast<size_t>(plane * image.channels));
    const uint8_t* source = images_.const_data_ptr<uint8_t>() + index * plane * image.channels;
    for (int64_t c = 0; c < image.channels; ++c) {
      for (int64_t i = 0; i < plane; ++i) {
        image.pixels[i * image.channels + c] = source[c * plane + i];
      }
    }
    return image;
  }

 private:
  torch::Tensor images_;
};

class InFiles final : public ImageSource {
 public:
  InFiles(ImageFolder folder, const EvalTransform& transform)
      : folder_(std::move(folder)), transform_(transform) {}

  int64_t size() const override { return static_cast<int64_t>(folder_.files.size()); }
  std::vector<int64_t> shape() const override {
    if (!transform_.square()) return {transform_.channels, transform_.height, transform_.width};
    return {transform_.channels, transform_.crop, transform_.crop};
  }

  torch::Tensor Load(const std::vector<int64_t>& indices) const override {
    return LoadEach(indices, shape(), [&](int64_t index) {
      const Image image = Stored(index);
      const auto& [resize, crop, channels, height, width] = transform_;
      if (transform_.square()) return ResizeAndCentreCrop(image, resize, crop);
      return Resample(image, {0, 0, image.height, image.width}, height, width,
                      {0, 0, height, width});
    });
  }

  Image Stored(int64_t index) const override {
    Image image = ReadImage(folder_.root / folder_.files[index].name);
    return transform_.channels == 1 ? ToGrey(image) : image;
  }

 private:
  ImageFolder folder_;
  EvalTransform transform_;
};

}  // namespace

std::shared_ptr<const ImageSource> ImagesInMemory(const torch::Tensor& images) {
  return std::make_shared<InMemory>(images.contiguous());
}

std::shared_ptr<const ImageSource> ImagesInFiles(ImageFolder folder,
                                                 const EvalTransform& transform) {
  if (!transform.square() && std::min(transform.height, transform.width) < 1) {
    Fail(ErrorKind::kUsage, "images cannot be resized to {} × {} pixels", transform.height,
         transform.width);
  }
  if (transform.square() && (transform.crop < 1 || transform.resize < transform.crop)) {
    Fail(ErrorKind::kUsage,
         "images resized to {} pixels cannot be cropped to {}: the crop must be at least 1 and at "
         "most the size",
         transform.resize, transform.crop);
  }
  return std::make_shared<InFiles>(std::move(folder), transform);
}

torch::Tensor LoadEach(const std::vector<int64_t>& indices, const std::vector<int64_t>& shape,
                       const std::function<Image(int64_t index)>& load) {
  const auto count = static_cast<int64_t>(indices.size());
  torch::Tensor images = torch::empty({count, shape[0], shape[1], shape[2]}, torch::kUInt8);
  uint8_t* target = images.data_ptr<uint8_t>();
  const int64_t bytes = shape[0] * shape[1] * shape[2];
  at::parallel_for(0, count, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) CopyPlanes(load(indices[i]), target + i * bytes);
  });
  return images;
}

}  // namespace zerosweep
