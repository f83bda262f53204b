#include "tests/support/engine/import/pt2_program.h"

#include "tests/support/engine/checkpoint_mutations.h"

namespace zerosweep {
namespace {

constexpr int kFloat = 7, kStridedLayout = 7;

Json SizesJson(torch::IntArrayRef sizes) {
  Json list = Json::array();
  for (const int64_t size : sizes) list.push_back({{"as_int", size}});
  return list;
}

Json MetaOf(torch::IntArrayRef sizes, torch::IntArrayRef strides) {
  return {{"dtype", kFloat},
          {"sizes", SizesJson(sizes)},
          {"requires_grad", false},
          {"device", {{"type", "cpu"}, {"index", nullptr}}},
          {"strides", SizesJson(strides)},
          {"storage_offset", {{"as_int", 0}}},
          {"layout", kStridedLayout}};
}

Json NodeJson(const std::string& target, const std::vector<std::pair<std::string, Json>>& arguments,
              const std::string& name) {
  Json inputs = Json::array();
  for (const auto& [key, value] : arguments)
    inputs.push_back({{"name", key}, {"arg", value}, {"kind", 1}});
  return {{"target", "torch.ops.aten." + target},
          {"inputs", inputs},
          {"outputs", Json::array()},
          {"metadata", Json::object()},
          {"name", name}};
}

}  // namespace

Json AsTensor(const std::string& name) { return {{"as_tensor", {{"name", name}}}}; }

Json AsTensors(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back({{"name", name}});
  return {{"as_tensors", list}};
}

Json AsInt(int64_t value) { return {{"as_int", value}}; }
Json AsInts(const std::vector<int64_t>& values) { return {{"as_ints", values}}; }
Json AsFloat(double value) { return {{"as_float", value}}; }
Json AsBool(bool value) { return {{"as_bool", value}}; }

Pt2ProgramText::Pt2ProgramText(const std::vector<int64_t>& input_shape)
    : program({{"graph_module",
                {{"graph",
                  {{"inputs", Json::array({AsTensor("x")})},
                   {"outputs", Json::array()},
                   {"nodes", Json::array()},
                   {"tensor_values", Json::object()},
                   {"sym_int_values", Json::object()}}},
                 {"signature", {{"output_specs", Json::array()}}}}},
               {"opset_version", {{"aten", 10}}},
               {"schema_version", {{"major", 8}, {"minor", 17}}},
               {"torch_version", "2.11.0"}}) {
  graph()["tensor_values"]["x"] = MetaOf(input_shape, {1});
  signature()["input_specs"] = Json::array({{{"user_input", {{"arg", AsTensor("x")}}}}});
}

Pt2ProgramText& Pt2ProgramText::Parameter(const std::string& key, const torch::Tensor& tensor) {
  const std::string name = "p_" + key, file = "weight_" + std::to_string(weights["config"].size());
  signature()["input_specs"].push_back(
      {{"parameter", {{"arg", {{"name", name}}}, {"parameter_name", key}}}});
  weights["config"][key] = {{"path_name", file},
                            {"is_param", true},
                            {"use_pickle", false},
                            {"tensor_meta", MetaOf(tensor.sizes(), tensor.strides())}};
  const torch::Tensor plain = tensor.to(torch::kFloat32).contiguous();
  entries["data/weights/" + file] =
      std::string(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes());
  return *this;
}

Pt2ProgramText& Pt2ProgramText::Node(const std::string& target,
                                     const std::vector<std::pair<std::string, Json>>& arguments,
                                     const std::vector<std::string>& outputs) {
  Json node = NodeJson(target, arguments, outputs.at(0));
  for (const std::string& output : outputs) node["outputs"].push_back(AsTensor(output));
  nodes().push_back(node);
  return *this;
}

Pt2ProgramText& Pt2ProgramText::ListNode(const std::string& target,
                                         const std::vector<std::pair<std::string, Json>>& arguments,
                                         const std::vector<std::string>& outputs) {
  Json node = NodeJson(target, arguments, target);
  node["outputs"].push_back(AsTensors(outputs));
  nodes().push_back(node);
  return *this;
}

Pt2ProgramText& Pt2ProgramText::Output(const std::string& name) {
  graph()["outputs"].push_back(AsTensor(name));
  signature()["output_specs"].push_back({{"user_output", {{"arg", AsTensor(name)}}}});
  return *this;
}

std::string Pt2ProgramText::Archive() const {
  std::map<std::string, std::string> all = {
      {"archive_format", "pt2"},
      {"archive_version", "0"},
      {"byteorder", "little"},
      {"models/model.json", program.dump()},
      {"data/weights/model_weights_config.json", weights.dump()},
      {"data/constants/model_constants_config.json", constants.dump()}};
  for (const auto& [name, content] : entries) all[name] = content;
  std::vector<std::pair<std::string, std::string>> listed;
  for (const auto& [name, content] : all) listed.emplace_back("net/" + name, content);
  return StoredZip(listed);
}

}  // namespace zerosweep
