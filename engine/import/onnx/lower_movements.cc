// Operators that choose, order, join and repeat values.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "engine/import/onnx/fold_constants.h"
#include "engine/import/onnx/lowerings.h"

namespace zerosweep {
namespace {

using Sizes = std::vector<int64_t>;

constexpr int64_t kMostPad = int64_t{1} << 24;
constexpr double kMostShapeValues = 1e12;  // of a shape; operators have closer limits
constexpr int64_t kMostParts = 4096;

DraftValue Reshape(const OnnxCall& call) {
  const DraftValue& x = call.In(0);
  Sizes shape = call.Whole(1, "shape");
  const bool keeps_zeros = call.Int("allowzero", 0) != 0;
  int free = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !keeps_zeros) {
      if (i >= static_cast<size_t>(x.tensor.dim()))
        call.Refuse("it copies a size that is not there");
      shape[i] = x.tensor.size(static_cast<int64_t>(i));
    }
    free += shape[i] == -1 ? 1 : 0;
    if (shape[i] < -1) call.Refuse("its shape has negative sizes");
  }
  double values = 1;
  for (const int64_t size : shape) values *= static_cast<double>(std::max<int64_t>(size, 1));
  if (values > kMostShapeValues) call.Refuse("its shape is impossible");
  if (free > 1) call.Refuse("its shape has several free sizes");
  return call.draft.Reshape(call.at, x, shape);
}

DraftValue Flatten(const OnnxCall& call) {
  const auto sizes = call.In(0).tensor.sizes();
  const int64_t axis =
      call.Dimension(call.Int("axis", 1), static_cast<int64_t>(sizes.size()), /*past_end=*/true);
  const auto product = [](torch::IntArrayRef part) {
    return std::accumulate(part.begin(), part.end(), int64_t{1}, std::multiplies<>());
  };
  const auto at = static_cast<size_t>(axis);
  return call.draft.Reshape(call.at, call.In(0),
                            {product(sizes.slice(0, at)), product(sizes.slice(at))});
}

// The given dimensions from the front, each once.
Sizes DistinctDims(const OnnxCall& call, const Sizes& dims, int64_t rank) {
  Sizes distinct;
  for (const int64_t dim : dims) distinct.push_back(call.Dimension(dim, rank));
  std::sort(distinct.begin(), distinct.end());
  if (std::adjacent_find(distinct.begin(), distinct.end()) != distinct.end()) {
    call.Refuse("it names a dimension twice");
  }
  return distinct;
}

DraftValue Squeeze(const OnnxCall& call) {
  const Sizes sizes = call.In(0).tensor.sizes().vec();
  const auto axes = call.IntsOrInput("axes", 1);
  const Sizes dims = axes ? DistinctDims(call, *axes, static_cast<int64_t>(sizes.size())) : Sizes();
  Sizes shape;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const bool named = std::find(dims.begin(), dims.end(), static_cast<int64_t>(i)) != dims.end();
    if (named && sizes[i] != 1) call.Refuse("dimension {} is not 1", i);
    // Without axes all dimensions of size 1 go, but the batch is one of images.
    const bool goes = named || (!axes && sizes[i] == 1 && (i > 0 || call.In(0).constant()));
    if (!goes) shape.push_back(sizes[i]);
  }
  return call.draft.Reshape(call.at, call.In(0), shape);
}

DraftValue Unsqueeze(const OnnxCall& call) {
  const Sizes sizes = call.In(0).tensor.sizes().vec();
  const auto axes = call.IntsOrInput("axes", 1);
  if (!axes) call.Refuse("it has no axes");
  const auto rank = static_cast<int64_t>(sizes.size() + axes->size());
  if (rank > 12) call.Refuse("it makes too many dimensions");
  Sizes shape = sizes;
  for (const int64_t dim : DistinctDims(call, *axes, rank)) shape.insert(shape.begin() + dim, 1);
  return call.draft.Reshape(call.at, call.In(0), shape);
}

DraftValue Transpose(const OnnxCall& call) {
  const int64_t rank = call.In(0).tensor.dim();
  Sizes dims(static_cast<size_t>(rank));
  std::iota(dims.rbegin(), dims.rend(), 0);
  if (const auto given = call.Ints("perm")) {
    if (DistinctDims(call, *given, rank).size() != static_cast<size_t>(rank)) {
      call.Refuse("its perm does not name every dimension");
    }
    for (size_t i = 0; i < dims.size(); ++i) dims[i] = call.Dimension((*given)[i], rank);
  }
  if (call.In(0).constant()) return GraphDraft::Constant(call.In(0).tensor.permute(dims));
  return call.draft.Apply(call.at, Op::kPermute, {call.In(0)}, {{"dims", dims}});
}

DraftValue Part(const OnnxCall& call, const DraftValue& x, const SliceRange& range) {
  if (range.start == 0 && range.end == x.tensor.size(range.dim) && range.step == 1) return x;
  return call.draft.Apply(
      call.at, Op::kSlice, {x},
      {{"dim", range.dim}, {"start", range.start}, {"end", range.end}, {"step", range.step}});
}

DraftValue Slice(const OnnxCall& call) {
  DraftValue x = call.In(0);
  for (const SliceRange& range : SliceRanges(call, x.tensor.sizes())) {
    if (range.step < 0) call.Refuse("a negative step is not supported");
    if (range.start == range.end) call.Refuse("it leaves nothing");
    x = Part(call, x, range);
  }
  return x;
}

// One entry of a dimension, which goes, or several neighbours.
DraftValue Gather(const OnnxCall& call) {
  const DraftValue& x = call.In(0);
  const int64_t dim = call.Dimension(call.Int("axis", 0), x.tensor.dim());
  const int64_t size = x.tensor.size(dim);
  const bool single = call.Constant(1, "indices").dim() == 0;
  Sizes indices = call.Whole(1, "indices");
  if (indices.empty()) call.Refuse("it leaves nothing");
  for (int64_t& index : indices) {
    if (index < -size || index >= size) call.Refuse("an index lies outside its dimension");
    index += index < 0 ? size : 0;
  }
  const int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  for (size_t i = 1; i < indices.size(); ++i) {
    if (step < 1 || indices[i] - indices[i - 1] != step) {
      call.Refuse("only indices with one step between them are supported");
    }
  }
  const DraftValue part = Part(
      call, x, {.dim = dim, .start = indices.front(), .end = indices.back() + 1, .step = step});
  if (!single) return part;
  Sizes shape = part.tensor.sizes().vec();
  shape.erase(shape.begin() + dim);
  return call.draft.Reshape(call.at, part, shape);
}

DraftValue Concat(const OnnxCall& call) {
  const std::vector<DraftValue> parts = call.All();
  if (parts.empty()) call.Refuse("it has no input");
  const int64_t axis = call.Int("axis", 1);
  if (parts.size() == 1) return parts[0];
  return call.draft.Apply(call.at, Op::kConcat, parts,
                          {{"dim", call.Dimension(axis, parts[0].tensor.dim())}});
}

std::vector<DraftValue> Parts(const OnnxCall& call, int64_t dim, const Sizes& sizes) {
  const DraftValue& x = call.In(0);
  int64_t rest = x.tensor.size(dim);
  for (const int64_t size : sizes) {
    if (size < 1 || size > rest) call.Refuse("its parts do not fit");
    rest -= size;
  }
  if (rest != 0 || sizes.size() > kMostParts) call.Refuse("its parts do not fit");
  if (sizes.size() == 1) return {x};
  const bool equal =
      std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) == sizes.end();
  const auto count = static_cast<int64_t>(sizes.size());
  if (dim == 1 && equal && !x.constant() && count * sizes[0] == x.tensor.size(1)) {
    return call.draft.ApplyMany(call.at, Op::kChunk, {x}, {{"chunks", count}});
  }
  return call.draft.ApplyMany(call.at, Op::kSplit, {x}, {{"sizes", sizes}, {"dim", dim}});
}

// `count` parts, of which the last may be smaller.
Sizes EqualParts(const OnnxCall& call, int64_t size, int64_t count) {
  if (count < 1 || count > std::min(size, kMostParts))
    call.Refuse("it makes {} parts of {}", count, size);
  const int64_t part = (size + count - 1) / count;
  Sizes sizes(static_cast<size_t>(count), part);
  sizes.back() = size - part * (count - 1);
  if (sizes.back() < 1) call.Refuse("it makes {} parts of {}", count, size);
  return sizes;
}

std::vector<DraftValue> Split(const OnnxCall& call) {
  const DraftValue& x = call.In(0);
  const int64_t dim = call.Dimension(call.Int("axis", 0), x.tensor.dim());
  const auto given = call.IntsOrInput("split", 1);
  const int64_t count = call.Int("num_outputs", static_cast<int64_t>(call.outputs()));
  const Sizes sizes = given ? *given : EqualParts(call, x.tensor.size(dim), count);
  if (sizes.size() < call.outputs()) call.Refuse("it has more outputs than parts");
  return Parts(call, dim, sizes);
}

DraftValue Expand(const OnnxCall& call) {
  const DraftValue& x = call.In(0);
  const Sizes wanted = call.Whole(1, "shape");
  const auto rank = static_cast<size_t>(x.tensor.dim());
  if (wanted.size() > rank) call.Refuse("it adds dimensions in front of the batch");
  Sizes shape = x.tensor.sizes().vec();
  for (size_t i = 0; i < wanted.size(); ++i) {
    int64_t& size = shape[rank - wanted.size() + i];
    if (size != 1 && wanted[i] != 1 && wanted[i] != size) call.Refuse("the shapes do not fit");
    size = std::max(size, wanted[i]);
  }
  if (torch::IntArrayRef(shape) == x.tensor.sizes()) return x;
  if (shape[0] != x.tensor.size(0)) call.Refuse("it repeats images");
  // Zeros of that shape, for one image, that are added.
  shape[0] = 1;
  return call.draft.Apply(call.at, Op::kBroadcastAdd,
                          {x, GraphDraft::Constant(torch::zeros({1}).expand(shape))});
}

DraftValue Tile(const OnnxCall& call) {
  const Sizes repeats = call.Whole(1, "repeats");
  if (std::any_of(repeats.begin(), repeats.end(), [](int64_t n) { return n != 1; })) {
    call.Refuse("it repeats values");
  }
  return call.In(0);
}

// The pads of some axes, [begins, ends] → all, from the last dimension on, as PyTorch has them.
Sizes PadsOf(const OnnxCall& call, int64_t rank) {
  const auto given = call.IntsOrInput("pads", 1);
  if (!given) call.Refuse("it has no pads");
  Sizes axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (call.Has(3)) axes = call.Whole(3, "axes");
  if (given->size() != 2 * axes.size()) call.Refuse("its pads are not two for each dimension");
  Sizes pads(2 * static_cast<size_t>(rank), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto from_end = static_cast<size_t>(rank - 1 - call.Dimension(axes[i], rank));
    if (std::min((*given)[i], (*given)[i + axes.size()]) < -kMostPad ||
        std::max((*given)[i], (*given)[i + axes.size()]) > kMostPad) {
      call.Refuse("its pads are impossible");
    }
    pads[2 * from_end] = (*given)[i];
    pads[2 * from_end + 1] = (*given)[i + axes.size()];
  }
  while (!pads.empty() && pads.back() == 0 && pads[pads.size() - 2] == 0) {
    pads.resize(pads.size() - 2);
  }
  return pads;
}

DraftValue Pad(const OnnxCall& call) {
  const DraftValue& x = call.In(0);
  const int64_t rank = x.tensor.dim();
  Sizes pads = PadsOf(call, rank);
  const std::string mode = call.Text("mode", "constant");
  const double attribute = call.Float("value", 0);
  const double value = call.Has(2) ? call.Real(2, "value") : attribute;
  if (pads.empty()) return x;
  if (!x.constant() && pads.size() == 2 * static_cast<size_t>(rank)) {
    call.Refuse("it adds images to the batch");
  }
  if (mode == "constant") {
    if (!std::isfinite(value)) call.Refuse("its value is not finite");
    return call.draft.Apply(call.at, Op::kPad, {x},
                            {{"pads", pads}, {"mode", mode}, {"value", value}});
  }
  const bool reflects = mode == "reflect";
  if (!reflects && mode != "edge") call.Refuse("mode '{}' is not supported", mode);
  if (rank != 4 || pads.size() > 4) call.Refuse("it repeats more than the borders of images");
  pads.resize(4, 0);
  return call.draft.Apply(call.at, Op::kPad, {x},
                          {{"pads", pads}, {"mode", reflects ? "reflect" : "replicate"}});
}

int64_t BlockOf(const OnnxCall& call) {
  const int64_t block = call.Int("blocksize", 0);
  if (call.In(0).tensor.dim() != 4) call.Refuse("only images, of 4 dimensions, are supported");
  if (block < 1 || block > 1024) call.Refuse("its blocksize is impossible");
  return block;
}

DraftValue Moved(const OnnxCall& call, const Sizes& parts, const Sizes& dims, const Sizes& shape) {
  const DraftValue split = call.draft.Reshape(call.at, call.In(0), parts);
  const DraftValue moved = call.draft.Apply(call.at, Op::kPermute, {split}, {{"dims", dims}});
  return call.draft.Reshape(call.at, moved, shape);
}

DraftValue DepthToSpace(const OnnxCall& call) {
  const int64_t b = BlockOf(call);
  const std::string mode = call.Text("mode", "DCR");
  const auto x = call.In(0).tensor.sizes();
  if (x[1] % (b * b) != 0) call.Refuse("its channels do not fit its blocksize");
  // CRD orders channels as PyTorch does: those of one pixel block together.
  if (mode == "CRD") {
    return call.draft.Apply(call.at, Op::kPixelShuffle, {call.In(0)}, {{"factor", b}});
  }
  if (mode != "DCR") call.Refuse("mode '{}' is unknown", mode);
  const int64_t c = x[1] / (b * b);
  return Moved(call, {x[0], b, b, c, x[2], x[3]}, {0, 3, 4, 1, 5, 2},
               {x[0], c, x[2] * b, x[3] * b});
}

DraftValue SpaceToDepth(const OnnxCall& call) {
  const int64_t b = BlockOf(call);
  const auto x = call.In(0).tensor.sizes();
  if (x[2] % b != 0 || x[3] % b != 0) call.Refuse("its image does not fit its blocksize");
  return Moved(call, {x[0], x[1], x[2] / b, b, x[3] / b, b}, {0, 3, 5, 1, 2, 4},
               {x[0], x[1] * b * b, x[2] / b, x[3] / b});
}

}  // namespace

std::vector<DraftValue> LowerSequence(const OnnxCall& call) {
  const DraftValue& x = call.In(0);
  const int64_t dim = call.Dimension(call.Int("axis", 0), x.tensor.dim());
  const int64_t size = x.tensor.size(dim);
  const bool keeps = call.Int("keepdims", 1) != 0;
  if (!call.Has(1)) {
    if (!keeps || size > kMostParts) call.Refuse("its parts are not supported");
    return Parts(call, dim, Sizes(static_cast<size_t>(size), 1));
  }
  Sizes sizes = call.Whole(1, "split");
  if (call.In(1).tensor.dim() == 0) {
    const int64_t part = sizes[0];
    if (part < 1 || size / part >= kMostParts) call.Refuse("its parts are not supported");
    sizes.assign(static_cast<size_t>(size / part), part);
    if (size % part != 0) sizes.push_back(size % part);
  }
  return Parts(call, dim, sizes);
}

const std::vector<LoweringRow>& MovementLowerings() {
  static const std::vector<LoweringRow> rows = {{"Reshape", Reshape},
                                                {"Flatten", Flatten},
                                                {"Squeeze", Squeeze},
                                                {"Unsqueeze", Unsqueeze},
                                                {"Transpose", Transpose},
                                                {"Slice", Slice},
                                                {"Gather", Gather},
                                                {"Concat", Concat},
                                                {"Split", nullptr, Split},
                                                {"Expand", Expand},
                                                {"Tile", Tile},
                                                {"Pad", Pad},
                                                {"DepthToSpace", DepthToSpace},
                                                {"SpaceToDepth", SpaceToDepth},
                                                {"Resize", LowerResize},
                                                {"Upsample", LowerResize}};
  return rows;
}

}  // namespace zerosweep
