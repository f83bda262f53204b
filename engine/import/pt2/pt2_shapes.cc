// What moves values: views, parts, joins, borders, enlargements.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/import/pt2/pt2_call.h"
#include "engine/import/pt2/pt2_weights.h"

namespace zerosweep {
namespace {

using MovedValues = std::vector<DraftValue>;
using Lengths = std::vector<int64_t>;

Lengths SizesOf(const DraftValue& x) { return x.tensor.sizes().vec(); }

DraftValue Folded(torch::Tensor tensor) { return GraphDraft::Constant(std::move(tensor)); }

MovedValues Same(const Pt2Call& call) { return {call.Tensor("self")}; }

MovedValues SameInput(const Pt2Call& call) { return {call.Tensor("input")}; }

MovedValues View(const Pt2Call& call) {
  return {call.Reshape(call.Tensor("self"), call.Ints(call.Has("size") ? "size" : "shape"))};
}

MovedValues ViewAs(const Pt2Call& call) {
  return {call.Reshape(call.Tensor("self"), SizesOf(call.Tensor("other")))};
}

// Dimensions [from, to] become one.
MovedValues Flatten(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  if (x.tensor.dim() == 0) return {call.Reshape(x, {1})};
  const int64_t from = call.Dim("start_dim", x, 0), to = call.Dim("end_dim", x, -1);
  if (from > to) call.Refuse("its first dimension stands behind its last");
  Lengths shape = SizesOf(x);
  const auto begin = shape.begin() + from, end = shape.begin() + to + 1;
  const int64_t joined = std::accumulate(begin, end, int64_t{1}, std::multiplies<>());
  *begin = joined;
  shape.erase(begin + 1, end);
  return {call.Reshape(x, shape)};
}

MovedValues Unflatten(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x);
  Lengths sizes = call.Ints("sizes"), shape = SizesOf(x);
  const auto at = shape.erase(shape.begin() + dim);
  shape.insert(at, sizes.begin(), sizes.end());
  return {call.Reshape(x, shape)};
}

DraftValue Unsqueezed(const Pt2Call& call, const DraftValue& x, int64_t dim) {
  const int64_t rank = x.tensor.dim();
  if (dim < -rank - 1 || dim > rank) call.Refuse(fmt::format("there is no dimension {}", dim));
  Lengths shape = SizesOf(x);
  shape.insert(shape.begin() + (dim < 0 ? dim + rank + 1 : dim), 1);
  return call.Reshape(x, shape);
}

MovedValues Unsqueeze(const Pt2Call& call) {
  return {Unsqueezed(call, call.Tensor("self"), call.Int("dim"))};
}

// Without the dimensions of size 1, of all or of those given.
MovedValues Squeeze(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  Lengths dims(static_cast<size_t>(x.tensor.dim()));
  std::iota(dims.begin(), dims.end(), 0);
  dims = call.Ints("dim", dims);
  for (int64_t& dim : dims) dim = dim < 0 ? dim + x.tensor.dim() : dim;
  Lengths shape;
  for (int64_t i = 0; i < x.tensor.dim(); ++i) {
    const bool given = std::find(dims.begin(), dims.end(), i) != dims.end();
    if (!given || x.tensor.size(i) != 1) shape.push_back(x.tensor.size(i));
  }
  return {call.Reshape(x, shape)};
}

MovedValues PermutedBy(const Pt2Call& call, const DraftValue& x, Lengths dims) {
  const int64_t rank = x.tensor.dim();
  Lengths sorted;
  for (int64_t& dim : dims) sorted.push_back(dim = dim < 0 ? dim + rank : dim);
  std::sort(sorted.begin(), sorted.end());
  Lengths all(static_cast<size_t>(rank));
  std::iota(all.begin(), all.end(), 0);
  if (sorted != all) call.Refuse("its dimensions are no permutation");
  if (x.constant()) return {Folded(x.tensor.permute(dims))};
  return {call.Apply(Op::kPermute, {x}, {{"dims", dims}})};
}

MovedValues Permute(const Pt2Call& call) {
  return PermutedBy(call, call.Tensor("self"), call.Ints("dims"));
}

MovedValues Exchanged(const Pt2Call& call, const DraftValue& x, int64_t a, int64_t b) {
  Lengths dims(static_cast<size_t>(x.tensor.dim()));
  std::iota(dims.begin(), dims.end(), 0);
  std::swap(dims[static_cast<size_t>(a)], dims[static_cast<size_t>(b)]);
  return PermutedBy(call, x, dims);
}

MovedValues Transpose(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const bool axes = call.Has("axis0");
  return Exchanged(call, x, call.Dim(axes ? "axis0" : "dim0", x),
                   call.Dim(axes ? "axis1" : "dim1", x));
}

MovedValues TransposeMatrix(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  if (x.tensor.dim() < 2) return {x};
  return Exchanged(call, x, x.tensor.dim() - 2, x.tensor.dim() - 1);
}

DraftValue PartOf(const Pt2Call& call, const DraftValue& x, int64_t dim, int64_t start, int64_t end,
                  int64_t step) {
  const int64_t size = x.tensor.size(dim);
  start = std::clamp<int64_t>(start < 0 ? start + size : start, 0, size);
  end = std::clamp<int64_t>(end < 0 ? end + size : end, start, size);
  if (step < 1) call.Refuse(fmt::format("it takes steps of {}", step));
  if (start == 0 && end == size && step == 1) return x;
  if (x.constant()) return Folded(x.tensor.slice(dim, start, end, step));
  if (start == end) call.Refuse("it takes an empty part");
  return call.Apply(Op::kSlice, {x},
                    {{"dim", dim}, {"start", start}, {"end", end}, {"step", step}});
}

MovedValues Slice(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  return {PartOf(call, x, call.Dim("dim", x, 0), call.Int("start", 0), call.Int("end", INT64_MAX),
                 call.Int("step", 1))};
}

MovedValues Narrow(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x), length = call.Int("length");
  int64_t start = call.Int("start");
  if (start < 0) start += x.tensor.size(dim);
  if (start < 0 || length < 0 || start > x.tensor.size(dim) || length > x.tensor.size(dim) - start)
    call.Refuse("it reaches outside its input");
  return {PartOf(call, x, dim, start, start + length, 1)};
}

DraftValue WithoutDim(const Pt2Call& call, const DraftValue& x, int64_t dim) {
  Lengths shape = SizesOf(x);
  shape.erase(shape.begin() + dim);
  return call.Reshape(x, shape);
}

MovedValues Select(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x), size = x.tensor.size(dim);
  int64_t index = call.Int("index");
  if (index < 0) index += size;
  if (index < 0 || index >= size) call.Refuse("its index is out of range");
  if (!x.constant() && dim == 0) call.Refuse("it takes one image of the batch");
  return {WithoutDim(call, PartOf(call, x, dim, index, index + 1, 1), dim)};
}

MovedValues PartsOf(const Pt2Call& call, const DraftValue& x, int64_t dim, const Lengths& sizes) {
  int64_t rest = x.tensor.size(dim);
  for (const int64_t size : sizes) {
    if (size < 0 || size > rest) call.Refuse("its parts do not make the whole");
    rest -= size;
  }
  if (rest != 0) call.Refuse("its parts do not make the whole");
  if (x.constant()) {
    MovedValues parts;
    for (const torch::Tensor& part : x.tensor.split_with_sizes(sizes, dim))
      parts.push_back(Folded(part));
    return parts;
  }
  if (sizes.size() == 1) return {x};
  const bool equal =
      std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == sizes.front(); });
  if (equal && dim == 1)
    return call.draft().ApplyMany(call.at(), Op::kChunk, {x}, {{"chunks", sizes.size()}});
  return call.draft().ApplyMany(call.at(), Op::kSplit, {x}, {{"sizes", sizes}, {"dim", dim}});
}

// Parts of `size`, of which the last may be smaller.
MovedValues EvenPartsOf(const Pt2Call& call, const DraftValue& x, int64_t dim, int64_t size) {
  const int64_t total = x.tensor.size(dim);
  constexpr int64_t kMostParts = 4096;
  if (size < 1 || total < 1 || total / size > kMostParts)
    call.Refuse(fmt::format("it makes parts of {} of {}", size, total));
  Lengths sizes;
  for (int64_t done = 0; done < total; done += sizes.back())
    sizes.push_back(std::min(size, total - done));
  return PartsOf(call, x, dim, sizes);
}

MovedValues Chunk(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x, 0), chunks = call.Int("chunks");
  if (chunks < 1) call.Refuse(fmt::format("it makes {} parts", chunks));
  const int64_t size = x.tensor.size(dim);
  return EvenPartsOf(call, x, dim, size / chunks + (size % chunks == 0 ? 0 : 1));
}

MovedValues Split(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x, 0);
  if (call.Has("split_sizes")) return PartsOf(call, x, dim, call.Ints("split_sizes"));
  return EvenPartsOf(call, x, dim, call.Int("split_size"));
}

MovedValues Unbind(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x, 0);
  MovedValues parts = EvenPartsOf(call, x, dim, 1);
  for (DraftValue& part : parts) part = WithoutDim(call, part, dim);
  return parts;
}

MovedValues Joined(const Pt2Call& call, const MovedValues& parts, int64_t dim) {
  if (parts.empty()) call.Refuse("it joins nothing");
  const int64_t rank = parts[0].tensor.dim();
  if (dim < -rank || dim >= rank) call.Refuse(fmt::format("there is no dimension {}", dim));
  if (parts.size() == 1) return parts;
  if (std::all_of(parts.begin(), parts.end(), [](const DraftValue& x) { return x.constant(); })) {
    std::vector<torch::Tensor> tensors;
    for (const DraftValue& part : parts) tensors.push_back(part.tensor);
    return {Folded(torch::cat(tensors, dim))};
  }
  int64_t values = 0;
  for (const DraftValue& part : parts) values += part.tensor.numel();
  call.CheckSize({values});
  return {call.Apply(Op::kConcat, parts, {{"dim", dim}})};
}

MovedValues Concat(const Pt2Call& call) {
  return Joined(call, call.Tensors("tensors"), call.Int("dim", 0));
}

MovedValues Stack(const Pt2Call& call) {
  MovedValues parts = call.Tensors("tensors");
  if (parts.empty()) call.Refuse("it joins nothing");
  int64_t dim = call.Int("dim", 0);
  if (dim < 0) dim += parts[0].tensor.dim() + 1;
  for (DraftValue& part : parts) part = Unsqueezed(call, part, dim);
  return Joined(call, parts, dim);
}

// Repeats `x` in dimensions of size 1 and in new ones in front. A broadcasting operator reads x
// itself; others read a sum with zeros.
MovedValues Expanded(const Pt2Call& call, const DraftValue& x, Lengths shape) {
  const Lengths sizes = SizesOf(x);
  if (shape.size() < sizes.size()) call.Refuse("it has fewer dimensions than its input");
  const size_t added = shape.size() - sizes.size();
  Lengths zeros(shape.size(), 1);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t old = i < added ? 1 : sizes[i - added];
    if (shape[i] == -1 && i >= added) shape[i] = old;
    if (shape[i] < 0 || (old != 1 && old != shape[i])) call.Refuse("its sizes do not fit");
    if (shape[i] != old) zeros[i] = shape[i];
  }
  if (shape == sizes) return {x};
  call.CheckSize(shape);
  if (x.constant()) return {Folded(x.tensor.expand(shape))};
  if (added > 0 || zeros[0] != 1) call.Refuse("it moves values between images");
  const DraftValue wide =
      call.Apply(Op::kAdd, {x, Folded(torch::zeros({1}).expand(zeros).contiguous())});
  call.context().expanded[wide.value] = x;
  return {wide};
}

MovedValues Expand(const Pt2Call& call) {
  return Expanded(call, call.Tensor("self"), call.Ints("size"));
}

MovedValues ExpandAs(const Pt2Call& call) {
  return Expanded(call, call.Tensor("self"), SizesOf(call.Tensor("other")));
}

MovedValues Repeat(const Pt2Call& call) {
  DraftValue x = call.Tensor("self");
  const Lengths repeats = call.Ints("repeats");
  constexpr int64_t kMostRepeats = 1024;
  const auto most = std::max_element(repeats.begin(), repeats.end());
  if (repeats.size() != static_cast<size_t>(x.tensor.dim()) || repeats.empty() ||
      *std::min_element(repeats.begin(), repeats.end()) < 1 || *most > kMostRepeats)
    call.Refuse("it repeats in a way that is not supported");
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] == 1) continue;
    x = Joined(call, MovedValues(static_cast<size_t>(repeats[i]), x), static_cast<int64_t>(i))[0];
  }
  return {x};
}

// Each part that leaves at the end comes back at the front.
MovedValues Roll(const Pt2Call& call) {
  DraftValue x = call.Tensor("self");
  const Lengths shifts = call.Ints("shifts"), dims = call.Ints("dims", Lengths{});
  if (dims.size() != shifts.size()) call.Refuse("it rolls over no dimension");
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t dim = dims[i] < 0 ? dims[i] + x.tensor.dim() : dims[i];
    if (dim < 0 || dim >= x.tensor.dim()) call.Refuse("it rolls over no dimension");
    const int64_t size = x.tensor.size(dim);
    const int64_t shift = size == 0 ? 0 : (shifts[i] % size + size) % size;
    if (shift == 0) continue;
    x = Joined(
        call,
        {PartOf(call, x, dim, size - shift, size, 1), PartOf(call, x, dim, 0, size - shift, 1)},
        dim)[0];
  }
  return {x};
}

MovedValues Padded(const Pt2Call& call, const std::string& mode) {
  const DraftValue x = call.Tensor("self");
  const Lengths pads = call.Ints(call.Has("pad") ? "pad" : "padding");
  if (mode != "constant" && mode != "reflect" && mode != "replicate")
    call.Refuse(fmt::format("mode '{}' is not supported", mode));
  if (pads.size() % 2 != 0 || pads.size() > 2 * static_cast<size_t>(x.tensor.dim()))
    call.Refuse("its pads do not fit its input");
  constexpr int64_t kMostPad = 1 << 24;
  if (std::any_of(pads.begin(), pads.end(),
                  [](int64_t pad) { return pad < -kMostPad || pad > kMostPad; }))
    call.Refuse("its pads are out of range");
  if (std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; })) return {x};
  for (size_t i = 2 * static_cast<size_t>(x.tensor.dim() - 1); i < pads.size(); ++i)
    if (pads[i] != 0 && !x.constant()) call.Refuse("it adds images");
  // JSON has no infinity.
  constexpr double kLargest = std::numeric_limits<float>::max();
  const double value = mode == "constant" ? call.Real("value", 0) : 0;
  return {call.Apply(
      Op::kPad, {x},
      {{"pads", pads}, {"mode", mode}, {"value", std::clamp(value, -kLargest, kLargest)}})};
}

MovedValues Pad(const Pt2Call& call) { return Padded(call, call.Text("mode", "constant")); }
MovedValues ConstantPad(const Pt2Call& call) { return Padded(call, "constant"); }
MovedValues ReflectPad(const Pt2Call& call) { return Padded(call, "reflect"); }
MovedValues ReplicatePad(const Pt2Call& call) { return Padded(call, "replicate"); }

// The size after an enlargement: given, or the input's times the factors, rounded down. Where it
// is not the factors' multiple, the file's operator and ours would take different pixels.
Lengths EnlargedSize(const Pt2Call& call, const DraftValue& x, bool whole) {
  if (x.tensor.dim() != 4) call.Refuse("only images are enlarged");
  std::vector<double> factors;
  if (call.Has("scale_factors")) {
    factors = call.Reals("scale_factors");
  } else if (call.Has("scales_h") && call.Has("scales_w")) {
    factors = {call.Real("scales_h"), call.Real("scales_w")};
  }
  Lengths size;
  if (call.Has("output_size")) size = call.Ints("output_size");
  for (size_t i = 0; i < factors.size() && i < 2; ++i) {
    const double exact =
        static_cast<double>(x.tensor.size(2 + static_cast<int64_t>(i))) * factors[i];
    constexpr double kMost = 1e6;
    if (!(exact >= 1 && exact <= kMost)) call.Refuse("its factors are out of range");
    if (size.size() <= i) size.push_back(static_cast<int64_t>(std::floor(exact)));
    if (std::abs(exact - static_cast<double>(size[i])) > 1e-6)
      call.Refuse("its factors do not give whole sizes: interpolate to a size");
  }
  if (size.size() != 2 || size[0] < 1 || size[1] < 1)
    call.Refuse("its size is no height and width");
  for (size_t i = 0; whole && i < 2; ++i)
    if (size[i] % x.tensor.size(2 + static_cast<int64_t>(i)) != 0)
      call.Refuse("only whole factors are supported");
  return size;
}

MovedValues Nearest(const Pt2Call& call) {
  const DraftValue x = call.Tensor(call.Has("input") ? "input" : "self");
  const Lengths size = EnlargedSize(call, x, false);
  if (size == x.tensor.sizes().slice(2)) return {x};
  return {call.Apply(Op::kUpsampleNearest, {x}, {{"size", size}})};
}

// Takes the nearest centre, as Nearest does where the factor is whole.
MovedValues NearestExact(const Pt2Call& call) {
  const DraftValue x = call.Tensor(call.Has("input") ? "input" : "self");
  return {call.Apply(Op::kUpsampleNearest, {x}, {{"size", EnlargedSize(call, x, true)}})};
}

MovedValues Bilinear(const Pt2Call& call) {
  const DraftValue x = call.Tensor(call.Has("input") ? "input" : "self");
  const Lengths size = EnlargedSize(call, x, false);
  if (size == x.tensor.sizes().slice(2)) return {x};
  return {call.Apply(Op::kUpsampleLinear, {x},
                     {{"size", size}, {"align_corners", call.Flag("align_corners")}})};
}

int64_t Factor(const Pt2Call& call, const char* name) {
  const int64_t factor = call.Int(name);
  constexpr int64_t kMostFactor = 4096;
  if (factor < 1 || factor > kMostFactor)
    call.Refuse(fmt::format("its '{}' is {}, which is out of range", name, factor));
  return factor;
}

MovedValues PixelShuffle(const Pt2Call& call) {
  return {call.Apply(Op::kPixelShuffle, {call.Tensor("self")},
                     {{"factor", Factor(call, "upscale_factor")}})};
}

MovedValues PixelUnshuffle(const Pt2Call& call) {
  return {call.Apply(Op::kPixelUnshuffle, {call.Tensor("self")},
                     {{"factor", Factor(call, "downscale_factor")}})};
}

MovedValues ShuffleChannels(const Pt2Call& call) {
  return {
      call.Apply(Op::kChannelShuffle, {call.Tensor("self")}, {{"groups", Factor(call, "groups")}})};
}

MovedValues Dropout(const Pt2Call& call) {
  const DraftValue x = call.Tensor(call.Has("input") ? "input" : "self");
  if (call.Flag("train", false) && call.Real("p", 0.5) != 0)
    call.Refuse("it is in training mode: call model.eval() before exporting");
  return {x};
}

// A change of type. Networks are computed in float32.
MovedValues To(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  if (!call.Has("dtype")) return {x};
  const torch::ScalarType type = Pt2Type(call.Int("dtype"));
  if (x.constant() && type != torch::ScalarType::Undefined) return {Folded(x.tensor.to(type))};
  if (type != torch::kFloat32 && type != torch::kFloat64)
    call.Refuse("it changes the type of values, which stay float32: export the network in float32");
  return {x};
}

}  // namespace

Pt2Handlers Pt2Shapes() {
  return {
      {"view", View},
      {"reshape", View},
      {"_unsafe_view", View},
      {"_reshape_alias", View},
      {"view_as", ViewAs},
      {"reshape_as", ViewAs},
      {"flatten", Flatten},
      {"unflatten", Unflatten},
      {"unsqueeze", Unsqueeze},
      {"squeeze", Squeeze},
      {"permute", Permute},
      {"transpose", Transpose},
      {"swapaxes", Transpose},
      {"swapdims", Transpose},
      {"t", TransposeMatrix},
      {"numpy_T", TransposeMatrix},
      {"mT", TransposeMatrix},
      {"slice", Slice},
      {"narrow", Narrow},
      {"select", Select},
      {"chunk", Chunk},
      {"unsafe_chunk", Chunk},
      {"split", Split},
      {"unsafe_split", Split},
      {"split_with_sizes", Split},
      {"unbind", Unbind},
      {"cat", Concat},
      {"concat", Concat},
      {"stack", Stack},
      {"expand", Expand},
      {"expand_as", ExpandAs},
      {"repeat", Repeat},
      {"roll", Roll},
      {"pad", Pad},
      {"constant_pad_nd", ConstantPad},
      {"reflection_pad2d", ReflectPad},
      {"replication_pad2d", ReplicatePad},
      {"upsample_nearest2d", Nearest},
      {"_upsample_nearest_exact2d", NearestExact},
      {"upsample_bilinear2d", Bilinear},
      {"pixel_shuffle", PixelShuffle},
      {"pixel_unshuffle", PixelUnshuffle},
      {"channel_shuffle", ShuffleChannels},
      {"native_channel_shuffle", ShuffleChannels},
      {"dropout", Dropout},
      {"feature_dropout", Dropout},
      {"alpha_dropout", Dropout},
      {"feature_alpha_dropout", Dropout},
      {"native_dropout", Dropout},
      {"to", To},
      {"_to_copy", To},
      {"type_as", Same},
      {"clone", Same},
      {"contiguous", Same},
      {"alias", Same},
      {"detach", Same},
      {"identity", SameInput},
      {"positive", Same},
      {"lift_fresh", Same},
      {"lift_fresh_copy", Same},
  };
}

}  // namespace zerosweep
