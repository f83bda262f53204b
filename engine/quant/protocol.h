// The protocol fields that a quantizer obeys, and where quantizers sit on a graph
// (docs/protocol.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/graph/graph.h"

namespace zerosweep {

enum class ActPlacement {
  kRelu,      // after every ReLU/ReLU6 only (ZeroQ, GDFQ, IntraQ, DSG)
  kOpOutput,  // after ReLU, after add + ReLU, after every other convolution that feeds no add
              // (BRECQ, QDrop, PD-Quant)
  kOpInput    // at the input of every convolution, linear layer and identity shortcut (Genie)
};

struct Protocol {
  ActPlacement act_placement = ActPlacement::kRelu;
  // Bits of the first and last weighted op and of the tensors beside them; 0: the same as the rest.
  int first_w = 0, stem_out_a = 0, last_w = 0, last_in_a = 0;
  // Which shortcuts read the tensor before its quantizer: identities (adds) and option-A ones.
  bool identity_fp = false;
  bool option_a_fp = false;
  bool own_shortcuts = false;    // shortcuts of both kinds have quantizers of their own
  bool init_on_fp = false;       // activation ranges come from the full-precision network
  bool zero_point_free = false;  // activation grids: unsigned or symmetric, zero point 0

  // From the resolved fields of a stage. Throws kUsage.
  static Protocol FromJson(const Json& fields);
};

// One activation quantizer: it replaces an output of `node` for its readers (all but `exempt`).
struct ActivationSite {
  int node = -1;
  int bits = 0;
  std::vector<int> exempt;           // readers that see the unquantized tensor
  int output = 0;                    // which output of `node`
  std::vector<int> by_element = {};  // readers that quantize it for themselves, after im2col
  // The reader whose own quantizer this is; it is exempt at the site of all others, which stands
  // before this one.
  std::optional<int> only = {};

  Value value() const { return {node, output}; }
};

// Sites in topological order. First and last op are found from the graph: the weighted nodes that
// no other weighted node precedes or follows.
std::vector<ActivationSite> ActivationSites(const Graph& graph, const Protocol& protocol,
                                            int a_bits);

// Bits of the weights, before the protocol's own for the first and the last op.
struct WeightBitWidths {
  WeightBitWidths() = default;
  // Not explicit: most networks have one width.
  WeightBitWidths(int bits) : uniform(bits) {}

  int uniform = 0;                   // of ops that by_op does not name
  std::map<std::string, int> by_op;  // by node name
};

// What a network is quantized to.
struct QuantizationSetting {
  Protocol protocol = {};
  bool fold_batch_norms = false;  // into the weights, first
  WeightBitWidths w_bits = 8;
  int a_bits = 8;
};

// Bits of every weighted node, in the order of Graph::Weighted().
std::vector<int> WeightBits(const Graph& graph, const Protocol& protocol,
                            const WeightBitWidths& w_bits);

}  // namespace zerosweep
