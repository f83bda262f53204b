#include "engine/data/random_view.h"

#include <algorithm>

#include "engine/data/random_crop.h"

namespace zerosweep {
namespace {

// Interpolation weights along one axis, for each image: N×side×side; rows (output pixels) sum to 1.
// first, length: of the windows on this axis. mirrors: whether it is the one that views mirror.
torch::Tensor Weights(const std::vector<View>& views, int64_t Window::*first,
                      int64_t Window::*length, bool mirrors, int64_t side,
                      const torch::TensorOptions& options) {
  const auto images = static_cast<int64_t>(views.size());
  // Centre of each output pixel, in input pixels.
  torch::Tensor places = torch::empty({images, side}, torch::kFloat64);
  auto place = places.accessor<double, 2>();
  for (int64_t n = 0; n < images; ++n) {
    const auto& [window, mirrored] = views[n];
    const double scale = static_cast<double>(window.*length) / static_cast<double>(side);
    for (int64_t out = 0; out < side; ++out) {
      const double inside = (static_cast<double>(out) + 0.5) * scale - 0.5;
      place[n][mirrors && mirrored ? side - 1 - out : out] =
          static_cast<double>(window.*first) +
          std::clamp(inside, 0.0, static_cast<double>(window.*length - 1));
    }
  }
  const torch::Tensor pixels = torch::arange(side, options);
  return torch::relu(1 - (places.to(options).unsqueeze(2) - pixels).abs());
}

}  // namespace

View RandomView(int64_t height, int64_t width, double smallest_share, double flip,
                RandomSequence& draws) {
  View view;
  view.window = RandomWindow(height, width, draws, smallest_share);
  view.mirrored = draws.Uniform() < flip;
  return view;
}

torch::Tensor ResizedViews(const torch::Tensor& x, const std::vector<View>& views) {
  const int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  const torch::TensorOptions options = x.options().requires_grad(false);
  const torch::Tensor across =
      Weights(views, &Window::left, &Window::width, /*mirrors=*/true, w, options);
  const torch::Tensor down =
      Weights(views, &Window::top, &Window::height, /*mirrors=*/false, h, options);
  // Two matrix products for each image; the gradient of a gather would add in arbitrary order on a
  // GPU.
  const torch::Tensor wide =
      x.reshape({n, c * h, w}).bmm(across.transpose(1, 2)).view({n, c, h, w});
  const torch::Tensor turned =
      wide.transpose(2, 3).reshape({n, c * w, h}).bmm(down.transpose(1, 2));
  return turned.view({n, c, w, h}).transpose(2, 3).contiguous(x.suggest_memory_format());
}

torch::Tensor RandomViews(const torch::Tensor& x, double smallest_share, double flip,
                          const RandomStreams& random, uint64_t step, uint64_t first_sample,
                          std::string_view purpose) {
  std::vector<View> views;
  for (uint64_t i = 0; i < static_cast<uint64_t>(x.size(0)); ++i) {
    RandomSequence draws = random.ForSample(step, purpose, first_sample + i);
    views.push_back(RandomView(x.size(2), x.size(3), smallest_share, flip, draws));
  }
  return ResizedViews(x, views);
}

}  // namespace zerosweep
