// The files of torch.export.save (.pt2): a stored zip archive of a JSON program and raw storages, as
// plain structs. Nothing in a file is executed or unpickled.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "engine/import/pt2/pt2_trace.h"

namespace zerosweep {

// The name of a value of the program: a tensor, or a symbolic number.
struct Pt2Name {
  std::string name;
};
// An argument of a kind that no operator of a network has: a subgraph, a custom object.
struct Pt2Unread {
  std::string kind;  // "as_graph"
};
// One of a list; a literal is a number, and null stands for None.
using Pt2Item = std::variant<Pt2Name, Json>;

struct Pt2Argument {
  std::string name;  // as ATen's schema calls it
  // A literal is null (None), a number (also infinite), bool, text, or a list of one kind of these;
  // an enumerator of torch is its number.
  std::variant<Pt2Name, std::vector<Pt2Item>, Json, Pt2Unread> value;
};

struct Pt2Node {
  std::string name;
  std::string target;                  // "torch.ops.aten.conv2d.default"
  std::vector<Pt2Argument> arguments;  // those with their default may be absent
  std::vector<std::string> outputs;    // names of values, those of a list one by one; "" for None
  std::string line;                    // of the user's model, "model.py:12"; "" if unknown
  ModuleFrame module;                  // that ran it
};

struct Pt2Input {
  std::string name;
  std::vector<int64_t> shape;  // −1: any size
  torch::ScalarType type = torch::kFloat32;
};

// A parameter, buffer or constant.
struct Pt2Weight {
  std::string key;  // fully qualified, "layer1.0.conv1.weight"
  torch::Tensor tensor;
};

struct Pt2Program {
  std::string torch_version;
  std::vector<Pt2Input> inputs;
  std::map<std::string, Pt2Weight> weights;  // by name in the program; those that it reads
  std::vector<Pt2Node> nodes;                // in the order in which they run
  std::vector<std::string> outputs;  // names of values; a None among the outputs is left out
};

// Reads a file. Throws kUsage, naming it, in one line:
// - for what is no such file or damaged: no zip archive, missing entries, another schema, storages
//   shorter than their tensors, more than 200,000 nodes;
// - for what must be exported again: TorchScript archives, the layout of torch 2.7 and before, a
//   network in training mode;
// - for what is not read: compiled code, pickled tensors, several models of which none is "model",
//   NaN and infinity in parameters and buffers, inputs that are no tensors.
// Reading takes as much memory as the file, and some hundred MB.
Pt2Program ReadPt2File(const std::filesystem::path& path);

// The same for a file's content; `origin` names it in errors.
Pt2Program ParsePt2(const std::string& bytes, const std::string& origin);

}  // namespace zerosweep
