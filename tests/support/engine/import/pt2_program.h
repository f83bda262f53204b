// Programs as torch.export writes them (torch/_export/serde/schema.py), piece by piece.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace zerosweep {

// Arguments: {"as_tensor": {"name": "x"}}.
Json AsTensor(const std::string& name);
Json AsTensors(const std::vector<std::string>& names);
Json AsInt(int64_t value);
Json AsInts(const std::vector<int64_t>& values);
Json AsFloat(double value);
Json AsBool(bool value);

class Pt2ProgramText {
 public:
  // One input, "x".
  explicit Pt2ProgramText(const std::vector<int64_t>& input_shape = {2, 2, 4, 4});

  // A parameter "p_NAME" with the key NAME, of float32.
  Pt2ProgramText& Parameter(const std::string& key, const torch::Tensor& tensor);
  // A node "torch.ops.aten.TARGET" with arguments by name and these outputs.
  Pt2ProgramText& Node(const std::string& target,
                       const std::vector<std::pair<std::string, Json>>& arguments,
                       const std::vector<std::string>& outputs);
  // The same with one output, a list.
  Pt2ProgramText& ListNode(const std::string& target,
                           const std::vector<std::pair<std::string, Json>>& arguments,
                           const std::vector<std::string>& outputs);
  Pt2ProgramText& Output(const std::string& name);

  std::string Archive() const;  // with the entries below

  Json program, weights = {{"config", Json::object()}}, constants = {{"config", Json::object()}};
  std::map<std::string, std::string> entries;  // others, without the folder

  Json& graph() { return program["graph_module"]["graph"]; }
  Json& signature() { return program["graph_module"]["signature"]; }
  Json& nodes() { return graph()["nodes"]; }
};

}  // namespace zerosweep
