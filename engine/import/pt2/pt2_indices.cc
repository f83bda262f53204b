// What picks values by indices that are constants. Decomposed programs write borders, enlargements
// and rotations so.

#include <algorithm>
#include <numeric>

#include "engine/import/pt2/pt2_call.h"

namespace zerosweep {
namespace {

using Picked = std::vector<DraftValue>;
using Indices = std::vector<int64_t>;

// At most this many runs of neighbouring indices are joined into one operator.
constexpr size_t kMostRuns = 64;

Indices IndicesIn(const Pt2Call& call, const torch::Tensor& tensor, int64_t size) {
  if (c10::isFloatingType(tensor.scalar_type()) || tensor.scalar_type() == torch::kBool)
    call.Refuse("its indices are no whole numbers");
  call.CheckSize(tensor.sizes().vec());
  const torch::Tensor plain = tensor.to(torch::kInt64).contiguous().reshape({-1});
  Indices indices(plain.const_data_ptr<int64_t>(), plain.const_data_ptr<int64_t>() + plain.numel());
  for (int64_t& index : indices) {
    if (index < -size || index >= size) call.Refuse("an index is out of range");
    if (index < 0) index += size;
  }
  if (indices.empty()) call.Refuse("it picks nothing");
  return indices;
}

// Whether each of `size` values is taken equally often, one after the other.
bool Repeats(const Indices& indices, int64_t size) {
  const auto count = static_cast<int64_t>(indices.size());
  if (count % size != 0) return false;
  const int64_t times = count / size;
  for (int64_t i = 0; i < count; ++i)
    if (indices[static_cast<size_t>(i)] != i / times) return false;
  return true;
}

DraftValue Taken(const Pt2Call& call, const DraftValue& x, int64_t dim, const Indices& indices) {
  const int64_t size = x.tensor.size(dim);
  if (x.constant()) return GraphDraft::Constant(x.tensor.index_select(dim, torch::tensor(indices)));
  if (dim == 0) call.Refuse("it picks images of the batch");
  if (Repeats(indices, size)) {
    const auto count = static_cast<int64_t>(indices.size());
    if (count == size) return x;
    if (x.tensor.dim() == 4 && dim >= 2) {
      Indices wanted = x.tensor.sizes().slice(2).vec();
      wanted[static_cast<size_t>(dim - 2)] = count;
      return call.Apply(Op::kUpsampleNearest, {x}, {{"size", wanted}});
    }
  }
  Picked runs;
  for (size_t begin = 0, end = 0; begin < indices.size(); begin = end) {
    while (++end < indices.size() && indices[end] == indices[end - 1] + 1) {
    }
    if (runs.size() == kMostRuns) call.Refuse("it picks values in too many pieces");
    const int64_t first = indices[begin], last = indices[end - 1];
    const bool whole = first == 0 && last == size - 1;
    runs.push_back(
        whole ? x
              : call.Apply(Op::kSlice, {x},
                           {{"dim", dim}, {"start", first}, {"end", last + 1}, {"step", 1}}));
  }
  return runs.size() == 1 ? runs[0] : call.Apply(Op::kConcat, runs, {{"dim", dim}});
}

// x[:, :, i, j], with indices for each dimension by themselves: i is n×1 and j has m.
Picked Index(const Pt2Call& call) {
  DraftValue x = call.Tensor("self");
  const auto given = call.MaybeTensors("indices");
  if (given.size() > static_cast<size_t>(x.tensor.dim())) call.Refuse("it has too many indices");
  std::vector<int64_t> dims;
  for (size_t i = 0; i < given.size(); ++i)
    if (given[i]) dims.push_back(static_cast<int64_t>(i));
  if (dims.empty()) return {x};
  if (x.constant() && dims.size() == given.size() && dims.size() == 1) {
    // The rows of a table, in any shape.
    const torch::Tensor& index = call.draft().RequireConstant(call.at(), *given[0], "index");
    const Indices rows = IndicesIn(call, index, x.tensor.size(0));
    std::vector<int64_t> shape = index.sizes().vec();
    shape.insert(shape.end(), x.tensor.sizes().begin() + 1, x.tensor.sizes().end());
    call.CheckSize(shape);
    return {call.Reshape(Taken(call, x, 0, rows), shape)};
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto at = static_cast<size_t>(dims[i]);
    const torch::Tensor& index = call.draft().RequireConstant(call.at(), *given[at], "index");
    // Its own dimension among those that the indices make, counted from the last.
    const auto own = static_cast<int64_t>(dims.size() - i);
    const bool separate = index.dim() >= own && index.size(-own) == index.numel() &&
                          index.dim() <= static_cast<int64_t>(dims.size());
    if (!separate || dims[i] != dims[0] + static_cast<int64_t>(i))
      call.Refuse("its indices do not stand for one dimension each");
    x = Taken(call, x, dims[i], IndicesIn(call, index, x.tensor.size(dims[i])));
  }
  return {x};
}

Picked IndexSelect(const Pt2Call& call) {
  const DraftValue x = call.Tensor("self");
  const int64_t dim = call.Dim("dim", x);
  return {Taken(call, x, dim, IndicesIn(call, call.Parameter("index"), x.tensor.size(dim)))};
}

Picked Flip(const Pt2Call& call) {
  DraftValue x = call.Tensor("self");
  for (int64_t dim : call.Ints("dims")) {
    if (dim < 0) dim += x.tensor.dim();
    if (dim < 0 || dim >= x.tensor.dim()) call.Refuse("it turns no dimension");
    Indices backwards(static_cast<size_t>(x.tensor.size(dim)));
    std::iota(backwards.rbegin(), backwards.rend(), 0);
    x = Taken(call, x, dim, backwards);
  }
  return {x};
}

}  // namespace

Pt2Handlers Pt2Indices() {
  return {
      {"index", Index}, {"_unsafe_index", Index}, {"index_select", IndexSelect}, {"flip", Flip}};
}

}  // namespace zerosweep
