// Quantizers at activation sites, as taps of the executor.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "engine/graph/executor.h"
#include "engine/graph/subgraph.h"
#include "engine/quant/protocol.h"

namespace zerosweep {

// Stands for a tensor itself, as all its readers see it.
inline constexpr int kEveryReader = -1;

// A site of the whole network as one of its part, with those of its readers that are inside.
// REQUIRES: the site's node is inside.
ActivationSite SiteInside(const ActivationSite& site, const Subgraph& part);

// Calls `quantize(i, kEveryReader, tensor)` for the tensor at sites[i], in order of execution, and
// hands its result to the site's readers; exempt readers get the tensor itself, or what a site of
// their own makes of it. For those that quantize by element it calls `quantize(i, reader,
// columns)`. With `each_reader` it calls `quantize(i, reader, tensor)` for every reader anew, as
// one whose draws differ by reader needs; the graph's own output counts as read by kEveryReader.
// Lives as long as the run it taps, which holds a reference to it.
class SiteHooks {
 public:
  using Quantize =
      std::function<torch::Tensor(size_t site, int reader, const torch::Tensor& tensor)>;

  // `sites` by their values in `graph`; both outlive this.
  SiteHooks(const Graph& graph, const std::vector<ActivationSite>& sites, Quantize quantize,
            bool each_reader = false);
  SiteHooks(const SiteHooks&) = delete;
  SiteHooks& operator=(const SiteHooks&) = delete;

  const ForwardHooks& hooks() const { return hooks_; }
  ForwardHooks& hooks() { return hooks_; }

 private:
  torch::Tensor Output(Value value, const torch::Tensor& output);
  torch::Tensor Input(int node, int index, const torch::Tensor& input) const;
  bool NeedsRawTensor(const ActivationSite& site) const;

  const Graph& graph_;
  const std::vector<ActivationSite>& sites_;
  Quantize quantize_;
  bool each_reader_;
  std::map<Value, size_t> site_of_;
  std::map<std::pair<int, Value>, size_t> own_site_of_;  // by reader
  std::map<Value, torch::Tensor> unquantized_;           // for readers that need it
  ForwardHooks hooks_;
};

}  // namespace zerosweep
