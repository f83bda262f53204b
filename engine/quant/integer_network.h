// A quantized network that computes with integers where both weights and activations are: such
// layers read 8-bit codes and sum in 32 bits (integer_layer.h). All other operators work in float32
// on the values of the codes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/quant/integer_layer.h"
#include "engine/quant/quantized_network.h"
#include "engine/quant/site_hooks.h"

namespace zerosweep {

// A layer computes with integers if its weight has codes and its input is the tensor of a site, or
// was moved from there by operators that choose among values: maxima, flattening, splitting,
// shuffling, option-A shortcuts. A convolution also computes the batch norm, addition and activation
// up to the next site, if nothing else reads what stands between. The results differ from those of
// QuantizedNetwork::Forward by the rounding of float sums alone.
class IntegerNetwork {
 public:
  // `network` must outlive this object and stay as it is. Throws kUsage, in one line, for what has
  // no integers: a network on a GPU, one without such a layer, layers whose columns are rounded
  // element by element, and the cases of IntegerLayer.
  explicit IntegerNetwork(const QuantizedNetwork& network);
  IntegerNetwork(const IntegerNetwork&) = delete;
  IntegerNetwork& operator=(const IntegerNetwork&) = delete;

  // Returns the logits of x, without gradient. One thread at a time.
  torch::Tensor Forward(const torch::Tensor& x) const;

  const std::map<int, IntegerLayer>& layers() const { return layers_; }  // by node
  size_t chains() const { return chains_.size(); }  // layers that compute what follows, too

 private:
  using Activation = QuantizedActivation;

  // Codes on their way from a site, and the nodes that move them.
  struct Source {
    const Activation* site = nullptr;
    std::vector<int> movers;
  };
  // A convolution and the nodes behind it that it computes.
  struct Chain {
    std::vector<int> nodes;  // in order, with the convolution
    int at = 0;              // the node that computes: the addition, if there is one
    size_t addend = 0;       // which input of the addition is codes
    std::optional<Source> added;
    IntegerTail tail;
    const Activation* end = nullptr;
  };

  const Node& NodeAt(int index) const { return network_.graph().nodes[static_cast<size_t>(index)]; }
  // The site that serves a value's readers, apart from those with one of their own; null: none.
  const Activation* SiteAt(Value value) const;
  // Where the codes that the reader gets from a value come from; nullopt: it gets no codes.
  std::optional<Source> SourceOf(Value value, int reader) const;
  std::optional<Chain> ChainFrom(int convolution) const;
  // Appends the next node, whose input is the chain's value; false: it cannot be computed there.
  bool Extend(Chain& chain, int node) const;

  void FindLayers();
  void FindChains();
  void Carry(const Source& source);  // notes which tensors are codes
  void SetHooks();
  void SetChainHooks(ForwardHooks& hooks) const;

  const QuantizedNetwork& network_;
  std::vector<ActivationSite> sites_;
  std::map<int, IntegerLayer> layers_;
  std::map<int, Chain> chains_;               // by convolution
  std::map<Value, const Activation*> coded_;  // the tensors that are codes, and of which site
  std::vector<bool> reads_codes_;             // by node
  std::unique_ptr<SiteHooks> hooks_;
};

}  // namespace zerosweep
