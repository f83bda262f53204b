// ONNX chooses among many rules for the pixels that a resized image is made of. A rule is taken when
// it chooses what PyTorch's operators choose, for every pixel of these sizes.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/import/onnx/lowerings.h"

namespace zerosweep {
namespace {

using Sizes = std::vector<int64_t>;
using Coordinates = std::vector<double>;

constexpr double kCoordinateTolerance = 1e-4;  // of a pixel; scales are float32
constexpr int64_t kMostResized = 1 << 16;

// One dimension of an image.
struct Axis {
  int64_t from = 0, to = 0;
  double scale = 1;  // ONNX's, which need not be to / from
};

// Where ONNX's coordinate_transformation_mode places each new pixel in the old image.
Coordinates PlacesOf(const OnnxCall& call, const std::string& mode, const Axis& axis) {
  Coordinates places;
  const auto from = static_cast<double>(axis.from), to = static_cast<double>(axis.to);
  for (int64_t i = 0; i < axis.to; ++i) {
    const auto x = static_cast<double>(i);
    if (mode == "asymmetric") {
      places.push_back(x / axis.scale);
    } else if (mode == "half_pixel" || (mode == "pytorch_half_pixel" && axis.to > 1)) {
      places.push_back((x + 0.5) / axis.scale - 0.5);
    } else if (mode == "pytorch_half_pixel") {
      places.push_back(0);
    } else if (mode == "align_corners") {
      // Of a size that is no whole number, programs make different things.
      if (std::abs(from * axis.scale - to) > kCoordinateTolerance * to) {
        call.Refuse("aligned corners need scales that give whole sizes");
      }
      places.push_back(axis.to == 1 ? 0 : x * (from - 1) / (to - 1));
    } else {
      call.Refuse("coordinates '{}' are not supported", mode);
    }
  }
  return places;
}

double Rounded(const OnnxCall& call, const std::string& mode, double place) {
  const double below = std::floor(place), rest = place - below;
  if (mode == "floor") return below;
  if (mode == "ceil") return std::ceil(place);
  if (mode == "round_prefer_floor") return rest <= 0.5 ? below : below + 1;
  if (mode == "round_prefer_ceil") return rest < 0.5 ? below : below + 1;
  call.Refuse("rounding '{}' is not supported", mode);
}

// PyTorch's nearest pixel: ⌊i·from/to⌋.
bool IsPyTorchsNearest(const OnnxCall& call, const Coordinates& places, const std::string& rounding,
                       const Axis& axis) {
  for (int64_t i = 0; i < axis.to; ++i) {
    const double pixel = Rounded(call, rounding, places[static_cast<size_t>(i)]);
    const auto last = static_cast<double>(axis.from - 1);
    const auto wanted = static_cast<double>(std::min(i * axis.from / axis.to, axis.from - 1));
    if (std::clamp(pixel, 0.0, last) != wanted) return false;
  }
  return true;
}

bool IsPyTorchsLinear(const Coordinates& places, const Axis& axis, bool align_corners) {
  const auto from = static_cast<double>(axis.from), to = static_cast<double>(axis.to);
  for (int64_t i = 0; i < axis.to; ++i) {
    const auto x = static_cast<double>(i);
    const double corner = axis.to == 1 ? 0 : x * (from - 1) / (to - 1);
    const double wanted = align_corners ? corner : (x + 0.5) * from / to - 0.5;
    const double given = std::clamp(places[static_cast<size_t>(i)], 0.0, from - 1);
    if (std::abs(given - std::clamp(wanted, 0.0, from - 1)) > kCoordinateTolerance) return false;
  }
  return true;
}

std::vector<double> ScalesOf(const OnnxCall& call, size_t input) {
  if (const OnnxAttribute* attribute = call.Attribute("scales")) {
    const auto* scales = std::get_if<std::vector<float>>(attribute);
    if (scales == nullptr) call.Refuse("its scales are no numbers");
    return {scales->begin(), scales->end()};
  }
  if (!call.Has(input)) return {};
  const torch::Tensor scales =
      call.Constant(input, "scales").to(torch::kFloat64).reshape({-1}).contiguous();
  const auto* values = scales.const_data_ptr<double>();
  return {values, values + scales.numel()};
}

// Both dimensions of the image; the others must stay as they are.
std::array<Axis, 2> AxesOf(const OnnxCall& call) {
  const auto sizes = call.In(0).tensor.sizes();
  if (sizes.size() != 4) call.Refuse("only images, of 4 dimensions, are resized");
  const bool early = call.op() == "Upsample" || call.opset < 11;
  Sizes axes = {0, 1, 2, 3};
  if (const auto given = call.Ints("axes")) axes = *given;
  const std::vector<double> scales = ScalesOf(call, early ? 1 : 2);
  const Sizes wanted = !early && call.Has(3) ? call.Whole(3, "sizes") : Sizes();
  const size_t count = wanted.empty() ? scales.size() : wanted.size();
  if (count != axes.size()) call.Refuse("it does not say how large the image becomes");
  std::array<Axis, 4> all;
  for (size_t i = 0; i < 4; ++i) all[i] = {sizes[i], sizes[i], 1};
  for (size_t i = 0; i < axes.size(); ++i) {
    Axis& axis = all[static_cast<size_t>(call.Dimension(axes[i], 4))];
    const auto from = static_cast<double>(axis.from);
    const double to =
        wanted.empty() ? std::floor(from * scales[i] + 1e-5) : static_cast<double>(wanted[i]);
    if (!(to >= 1 && to <= static_cast<double>(kMostResized))) {
      call.Refuse("it makes an image of an impossible size");
    }
    axis.to = static_cast<int64_t>(to);
    axis.scale = wanted.empty() ? scales[i] : to / from;
  }
  if (all[0].to != all[0].from || all[1].to != all[1].from) {
    call.Refuse("it resizes more than height and width");
  }
  return {all[2], all[3]};
}

}  // namespace

DraftValue LowerResize(const OnnxCall& call) {
  const std::array<Axis, 2> axes = AxesOf(call);
  const bool early = call.op() == "Upsample" || call.opset < 11;
  const std::string mode = call.Text("mode", "nearest");
  const std::string coordinates =
      call.Text("coordinate_transformation_mode", early ? "asymmetric" : "half_pixel");
  const std::string rounding = call.Text("nearest_mode", early ? "floor" : "round_prefer_floor");
  if (call.Int("antialias", 0) != 0 || call.Int("exclude_outside", 0) != 0 ||
      call.Text("keep_aspect_ratio_policy", "stretch") != "stretch") {
    call.Refuse("antialias, exclude_outside and keep_aspect_ratio_policy are not supported");
  }
  call.Ignore({"cubic_coeff_a", "extrapolation_value"});
  if (axes[0].from == axes[0].to && axes[1].from == axes[1].to) return call.In(0);

  std::array<Coordinates, 2> places;
  for (size_t i = 0; i < 2; ++i) places[i] = PlacesOf(call, coordinates, axes[i]);
  const Json size = {axes[0].to, axes[1].to};
  if (mode == "nearest") {
    for (size_t i = 0; i < 2; ++i) {
      if (IsPyTorchsNearest(call, places[i], rounding, axes[i])) continue;
      call.Refuse("nearest pixels by '{}' and '{}' are not those of PyTorch", coordinates,
                  rounding);
    }
    return call.draft.Apply(call.at, Op::kUpsampleNearest, {call.In(0)}, {{"size", size}});
  }
  if (mode != "linear" && mode != "bilinear") {
    call.Refuse("mode '{}' is not supported", mode);
  }
  for (const bool align_corners :
       {coordinates == "align_corners", coordinates != "align_corners"}) {
    if (IsPyTorchsLinear(places[0], axes[0], align_corners) &&
        IsPyTorchsLinear(places[1], axes[1], align_corners)) {
      return call.draft.Apply(call.at, Op::kUpsampleLinear, {call.In(0)},
                              {{"size", size}, {"align_corners", align_corners}});
    }
  }
  call.Refuse("linear coordinates '{}' are not those of PyTorch", coordinates);
}

}  // namespace zerosweep
