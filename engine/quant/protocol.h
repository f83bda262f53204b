// The protocol fields that a quantizer obeys, and where activation quantizers sit in a graph
// (docs/protocol.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/graph/graph.h"
#include "engine/quant/number_format.h"

namespace zerosweep {

enum class ActPlacement {
  // With the first two, an input of a weighted operator that a gate or the like computes
  // (Operator::mixes) has a quantizer, too.
  kRelu,      // after every activation only (ZeroQ, GDFQ, IntraQ, DSG)
  kOpOutput,  // after activations, after add + activation, after every other convolution that feeds
              // no add (BRECQ, QDrop, PD-Quant)
  kOpInput    // at the input of every convolution, linear layer and identity shortcut (Genie)
};

struct Protocol {
  ActPlacement act_placement = ActPlacement::kRelu;
  // Bits of the first and last weighted op, and of the stem's output and the last op's input. 0:
  // the same as the rest.
  int first_w = 0, stem_out_a = 0, last_w = 0, last_in_a = 0;
  // Bits of what an op hands to an addition alone, and of what average pools and concatenations
  // make. 0: the same as the rest; 32: no quantizer.
  int branch_a = kPassThroughBits, pooled_a = kPassThroughBits;
  // Which shortcuts read the tensor before its quantizer: identities (adds) and option-A ones.
  bool identity_fp = false;
  bool option_a_fp = false;
  bool own_shortcuts = false;      // shortcuts of both kinds have their own quantizers
  bool init_on_fp = false;         // activation ranges come from the full-precision network
  bool zero_point_free = false;    // activation grids: unsigned or symmetric, zero point 0
  bool zero_in_range = false;      // asymmetric activation grids: ranges contain 0
  bool symmetric_weights = false;  // weight grids: zero point 0, narrow
  // A regular expression (base/name_pattern.h) of names: these convolutions and linear layers keep
  // their weights, and what only they read, in full precision. Empty: none.
  std::string exclude = {};

  // Reads the fields of a stage, which may lack neutral ones. Throws kUsage.
  static Protocol FromJson(const Json& fields);
};

// One activation quantizer. It replaces an output of `node` for all its readers except `exempt`.
struct ActivationSite {
  int node = -1;
  int bits = 0;
  std::vector<int> exempt;           // readers that see the unquantized tensor
  int output = 0;                    // which output of `node`
  std::vector<int> by_element = {};  // readers that quantize it themselves, after im2col
  // Set when this quantizer serves one reader alone. That reader is exempt at the site that serves
  // the others, which precedes this one in the list.
  std::optional<int> only = {};

  Value value() const { return {node, output}; }
  bool Exempts(int reader) const;
  bool ByElement(int reader) const;
};

// Returns the sites in topological order. The first and last op are found from the graph: no other
// weighted node precedes the first or follows the last.
std::vector<ActivationSite> ActivationSites(const Graph& graph, const Protocol& protocol,
                                            int a_bits);

// Whether a pad puts zeros around a tensor.
bool PadsZeros(const Node& node);
// Whether a node makes codes of codes: it only moves values, or puts zeros between them, which lie
// on every grid.
bool MovesCodes(const Node& node);

// Which site quantizes the tensor that a weighted node reads, perhaps in front of nodes that move
// its codes; nullopt: none.
std::optional<size_t> InputSite(const Graph& graph, const std::vector<ActivationSite>& sites,
                                int node);
// Its bits; 32: none.
int InputBits(const Graph& graph, const std::vector<ActivationSite>& sites, int node);

// Bits of the weights; the protocol's bits for the first, the last and excluded ops override them.
struct WeightBitWidths {
  WeightBitWidths() = default;
  // Implicit, since most networks have one width.
  WeightBitWidths(int bits) : uniform(bits) {}

  int uniform = 0;                   // for ops that by_op does not name
  std::map<std::string, int> by_op;  // by node name
};

// The target of a network's quantization.
struct QuantizationSetting {
  Protocol protocol = {};
  bool fold_batch_norms = false;  // into the weights, before quantizing
  WeightBitWidths w_bits = 8;
  int a_bits = 8;
};

// Returns the bits of every weighted node, in the order of Graph::Weighted().
std::vector<int> WeightBits(const Graph& graph, const Protocol& protocol,
                            const WeightBitWidths& w_bits);

}  // namespace zerosweep
