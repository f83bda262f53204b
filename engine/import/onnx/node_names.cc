#include "engine/import/onnx/node_names.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/text.h"

namespace zerosweep {
namespace {

struct Place {
  std::string module;  // "layer1.0.relu"
  std::string suffix;  // "_1": of the second call of one module
};

// Of a name as torch.onnx.export(dynamo=False) makes it: "/layer1/layer1.0/relu/Relu_1". A step
// that repeats the one before it names an entry of a list.
Place PlaceOfPath(const std::string& name, const std::string& op) {
  if (!name.starts_with('/')) return {};
  std::vector<std::string> steps;
  for (size_t begin = 1; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    std::string step = name.substr(begin, end - begin);
    if (!steps.empty() && step.starts_with(steps.back() + ".")) steps.pop_back();
    steps.push_back(std::move(step));
    begin = end + 1;
  }
  Place place;
  if (!steps.empty() && steps.back().starts_with(op)) {
    place.suffix = steps.back().substr(op.size());
    steps.pop_back();
  }
  for (const std::string& step : steps) place.module += (place.module.empty() ? "" : ".") + step;
  return place;
}

Place PlaceOf(const OnnxNode& node) {
  return node.scope.empty() ? PlaceOfPath(node.name, node.op) : Place{node.scope, ""};
}

// The owner of a parameter among the inputs but the first: "conv1" of "conv1.weight".
std::string OwnerOf(const OnnxNode& node) {
  for (const std::string_view end : {".weight", ".running_mean", ".running_var", ".bias"}) {
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const std::string& input = node.inputs[i];
      const bool plain = std::all_of(input.begin(), input.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
      });
      if (plain && input.size() > end.size() && input.ends_with(end)) {
        return input.substr(0, input.size() - end.size());
      }
    }
  }
  return "";
}

}  // namespace

OnnxNodeNames::OnnxNodeNames(const std::vector<OnnxNode>& nodes) {
  for (const OnnxNode& node : nodes) {
    const std::string module = PlaceOf(node).module.substr(0, 1000);
    for (size_t end = module.rfind('.'); end != std::string::npos && end > 0;
         end = module.rfind('.', end - 1)) {
      if (!holders_.insert(module.substr(0, end)).second) break;
    }
  }
}

std::string OnnxNodeNames::Of(const OnnxNode& node) const {
  const std::string owner = OwnerOf(node);
  if (!owner.empty()) return owner;
  const auto [module, suffix] = PlaceOf(node);
  if (!module.empty()) {
    return holders_.contains(module) ? module + "." + LowerCase(node.op) + suffix : module + suffix;
  }
  if (!node.name.empty()) return node.name;
  return node.outputs.empty() ? node.op : node.outputs.front();
}

}  // namespace zerosweep
