// Quantizers at activation sites, as hooks of the executor.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"
#include "engine/quant/protocol.h"

namespace zerosweep {

// Stands for all readers of a tensor.
inline constexpr int kEveryReader = -1;

// Returns the site of the whole network as a site of `part`, with only the readers inside it.
// REQUIRES: the site's node is inside.
ActivationSite SiteInside(const ActivationSite& site, const Subgraph& part);

// Calls `quantize(i, kEveryReader, tensor)` for the tensor at sites[i], in order of execution, and
// passes the result to the site's readers. Exempt readers get the tensor itself, or the result of
// their own site. For readers that quantize by element it calls `quantize(i, reader, columns)`.
//
// With `each_reader` it calls `quantize(i, reader, tensor)` separately for every reader, for
// callers whose draws differ by reader; the graph's own output counts as read by kEveryReader.
//
// The object must outlive the run, which holds a reference to it.
class SiteHooks {
 public:
  using Quantize =
      std::function<torch::Tensor(size_t site, int reader, const torch::Tensor& tensor)>;

  // `sites` refer to values in `graph`; both must outlive this object.
  SiteHooks(const Graph& graph, const std::vector<ActivationSite>& sites, Quantize quantize,
            bool each_reader = false);
  SiteHooks(const SiteHooks&) = delete;
  SiteHooks& operator=(const SiteHooks&) = delete;

  // Lets the operators put the tensor at a site on a grid in place of `quantize`. No effect where
  // some reader gets another tensor.
  void OnGrid(size_t site, const FakeGrid& grid);

  const ForwardHooks& hooks() const { return hooks_; }
  ForwardHooks& hooks() { return hooks_; }

 private:
  torch::Tensor Output(size_t site, const torch::Tensor& output);
  torch::Tensor Input(size_t site, int reader, bool exempt) const;
  bool NeedsRawTensor(const ActivationSite& site) const;

  const Graph& graph_;
  const std::vector<ActivationSite>& sites_;
  Quantize quantize_;
  bool each_reader_;
  std::map<std::pair<int, Value>, size_t> own_site_of_;  // by reader
  std::map<Value, torch::Tensor> unquantized_;           // for readers that need it
  ForwardHooks hooks_;
};

}  // namespace zerosweep
