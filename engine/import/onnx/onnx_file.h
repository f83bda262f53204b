// An ONNX file as plain structures: what it says, checked for being well formed, but not yet what
// it means (onnx_lowering.h). Protobuf's classes stay behind this header.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace zerosweep {

// The opsets whose operators are known. Since 23 they have only got new types.
inline constexpr int64_t kOldestOpset = 7, kNewestOpset = 25;

using OnnxAttribute = std::variant<int64_t, float, std::string, std::vector<int64_t>,
                                   std::vector<float>, std::vector<std::string>, torch::Tensor>;

struct OnnxNode {
  std::string op;                    // "Conv"
  std::string name;                  // as in the file; may be empty
  std::string line;                  // of the user's model, "model.py:12", or empty
  std::string scope;                 // of the user's module, "layer1.0.conv1", or empty
  std::vector<std::string> inputs;   // "" for an absent optional one
  std::vector<std::string> outputs;  // the same
  std::map<std::string, OnnxAttribute> attributes;
};

struct OnnxPort {
  std::string name;
  bool has_shape = false;
  std::vector<int64_t> shape;  // −1: free
};

struct OnnxFile {
  std::string producer;  // "pytorch 2.11.0"
  // Whether the file shows that its exporter folded batch norms into convolutions.
  bool folded_norms = false;
  int64_t ir_version = 0;
  int64_t opset = 0;
  std::map<std::string, std::string> metadata;
  std::vector<OnnxPort> inputs;  // without those that are initializers, too
  std::vector<OnnxPort> outputs;
  std::map<std::string, torch::Tensor>
      constants;                // initializers and Constant nodes; not written to
  std::vector<OnnxNode> nodes;  // without Constant nodes; each after those whose outputs it reads
};

// Reads the file and the data files next to it. Takes at most twice their size and 100 MB. Throws
// kUsage, naming the file and what is wrong, when it is absent, damaged (engine/import/onnx/
// wire_bounds.h, onnx_tensor.h, external_data.h), or holds what is not read: control flow, functions,
// operators of other domains, opsets other than those above, batch norms in training mode, names
// that are defined twice or nowhere.
OnnxFile ReadOnnxFile(const std::filesystem::path& path);

// "operator Conv at 'node' (model.py:12)": for messages.
std::string ShownNode(const OnnxNode& node);

}  // namespace zerosweep
