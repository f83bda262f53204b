#include "engine/import/pt2/pt2_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/engine/checkpoint_mutations.h"
#include "tests/support/error_message.h"
#include "tests/support/engine/import/pt2_program.h"

namespace zerosweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Pt2Program ReadGolden(const std::string& name) {
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  return ReadPt2File(std::filesystem::path(source != nullptr ? source : ".") / "tests/golden/pt2" /
                     name);
}

std::string Refusal(const std::string& bytes) {
  return ErrorMessage(ErrorKind::kUsage, [&] { ParsePt2(bytes, "net.pt2"); });
}

// x → conv
Pt2ProgramText Small() {
  Pt2ProgramText text;
  text.Parameter("conv.weight", torch::arange(4).reshape({2, 2, 1, 1}))
      .Node("conv2d.default", {{"input", AsTensor("x")}, {"weight", AsTensor("p_conv.weight")}},
            {"y"})
      .Output("y");
  return text;
}

// What is said of the small program after a change.
std::string RefusalAfter(const std::function<void(Pt2ProgramText&)>& change) {
  Pt2ProgramText text = Small();
  change(text);
  return Refusal(text.Archive());
}

Json& MetaOfWeight(Pt2ProgramText& text) {
  return text.weights["config"]["conv.weight"]["tensor_meta"];
}

const Pt2Node& NodeCalled(const Pt2Program& program, const std::string& name) {
  for (const Pt2Node& node : program.nodes)
    if (node.name == name) return node;
  ADD_FAILURE() << "there is no node " << name;
  return program.nodes.front();
}

const Pt2Argument& Argument(const Pt2Node& node, const std::string& name) {
  for (const Pt2Argument& argument : node.arguments)
    if (argument.name == name) return argument;
  ADD_FAILURE() << node.name << " has no argument " << name;
  return node.arguments.front();
}

TEST(Pt2FileTest, ReadsWhatTorchExportWrote) {
  const Pt2Program program = ReadGolden("plain.pt2");
  EXPECT_THAT(program.torch_version, StartsWith("2.11"));
  ASSERT_EQ(program.inputs.size(), 1u);
  EXPECT_EQ(program.inputs[0].name, "x");
  EXPECT_THAT(program.inputs[0].shape, ElementsAre(-1, 2, 6, 6));
  EXPECT_EQ(program.outputs.size(), 2u);  // without the None

  // Stored in channels-last order; the weight of two convolutions.
  const auto weight_of = [&](const char* node) {
    const auto& argument = Argument(NodeCalled(program, node), "weight");
    return program.weights.at(std::get<Pt2Name>(argument.value).name);
  };
  const Pt2Weight weight = weight_of("conv2d");
  EXPECT_THAT(weight.key, testing::AnyOf("conv.weight", "tied.weight"));
  EXPECT_TRUE(torch::equal(weight.tensor, torch::arange(36.0f).reshape({2, 2, 3, 3})));
  EXPECT_TRUE(weight_of("conv2d_1").tensor.is_alias_of(weight.tensor));
  // A buffer that no checkpoint holds, in bfloat16; a constant; what nothing reads.
  const torch::Tensor scale = program.weights.at("b_scale").tensor;
  EXPECT_EQ(scale.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(torch::equal(scale.to(torch::kFloat32).flatten(), torch::tensor({0.5f, 2.0f})));
  EXPECT_TRUE(
      torch::equal(program.weights.at("c_lifted_tensor_0").tensor, torch::tensor({3.0f, 4.0f})));
  EXPECT_FALSE(program.weights.contains("b_bn_num_batches_tracked"));
}

TEST(Pt2FileTest, ReadsNodesWithTheirPlaces) {
  const Pt2Program program = ReadGolden("plain.pt2");
  const Pt2Node& norm = NodeCalled(program, "batch_norm");
  EXPECT_EQ(norm.target, "torch.ops.aten.batch_norm.default");
  EXPECT_THAT(norm.outputs, ElementsAre("batch_norm"));
  EXPECT_EQ(std::get<Pt2Name>(Argument(norm, "input").value).name, "conv2d");
  EXPECT_EQ(std::get<Json>(Argument(norm, "training").value), Json(false));
  EXPECT_EQ(norm.line, "net.py:16");
  EXPECT_EQ(norm.module.path, "bn");
  EXPECT_TRUE(norm.module.of_torch);
  const Pt2Node& chunk = NodeCalled(program, "chunk");
  EXPECT_EQ(chunk.outputs.size(), 2u);
  EXPECT_EQ(chunk.line, "net.py:18");
  EXPECT_EQ(chunk.module.path, "");
  // A shape that depends on the batch.
  const auto& shape =
      std::get<std::vector<Pt2Item>>(Argument(NodeCalled(program, "reshape"), "shape").value);
  ASSERT_EQ(shape.size(), 2u);
  EXPECT_EQ(std::get<Pt2Name>(shape[0]).name, NodeCalled(program, "sym_size_int_1").outputs.at(0));
  EXPECT_EQ(std::get<Json>(shape[1]), Json(-1));
}

TEST(Pt2FileTest, ReadsDecomposedPrograms) {
  const Pt2Program program = ReadGolden("plain_core.pt2");
  const Pt2Node& norm = NodeCalled(program, "_native_batch_norm_legit_no_training");
  EXPECT_EQ(norm.outputs.size(), 3u);
  EXPECT_EQ(std::get<Json>(Argument(NodeCalled(program, "convolution"), "transposed").value),
            Json(false));
}

TEST(Pt2FileTest, ReadsEveryKindOfArgument) {
  Pt2ProgramText text = Small();
  text.Node("made.up",
            {{"none", {{"as_none", true}}},
             {"floats", {{"as_floats", {1.5, "-Infinity", "NaN"}}}},
             {"word", {{"as_string", "same"}}},
             {"type", {{"as_scalar_type", 7}}},
             {"maybe", {{"as_optional_tensors", {{{"as_none", true}}, AsTensor("y")}}}},
             {"size", {{"as_sym_int", {{"as_int", 3}}}}},
             {"body", {{"as_graph", {{"name", "g"}, {"graph", Json::object()}}}}}},
            {"z"});
  const Pt2Program program = ParsePt2(text.Archive(), "net.pt2");
  const Pt2Node& node = program.nodes.at(1);
  EXPECT_TRUE(std::get<Json>(Argument(node, "none").value).is_null());
  const Json floats = std::get<Json>(Argument(node, "floats").value);
  EXPECT_EQ(floats[0], 1.5);
  EXPECT_EQ(floats[1].get<double>(), -INFINITY);
  EXPECT_TRUE(std::isnan(floats[2].get<double>()));
  EXPECT_EQ(std::get<Json>(Argument(node, "word").value), "same");
  EXPECT_EQ(std::get<Json>(Argument(node, "type").value), 7);
  const auto& maybe = std::get<std::vector<Pt2Item>>(Argument(node, "maybe").value);
  EXPECT_TRUE(std::get<Json>(maybe.at(0)).is_null());
  EXPECT_EQ(std::get<Pt2Name>(maybe.at(1)).name, "y");
  EXPECT_EQ(std::get<Json>(Argument(node, "size").value), 3);
  EXPECT_EQ(std::get<Pt2Unread>(Argument(node, "body").value).kind, "as_graph");
}

TEST(Pt2FileTest, OtherFilesAreNamed) {
  const std::string again =
      R"(torch.export.save(torch.export.export(model.eval(), (example,)), "net.pt2"))";
  EXPECT_THAT(Refusal("ONNX"), StartsWith("net.pt2 is no .pt2 file, which is a zip archive"));
  EXPECT_THAT(Refusal(""), HasSubstr("is no .pt2 file"));
  EXPECT_EQ(Refusal(StoredZip({{"a", "b"}})),
            "net.pt2 is a zip archive, but no .pt2 file: it has no archive_format");
  for (const char* entry : {"net/constants.pkl", "net/code/__torch__.py"}) {
    EXPECT_EQ(Refusal(StoredZip({{"net/data.pkl", ""}, {entry, ""}})),
              "net.pt2 is a TorchScript archive, which is not read: export it again: " + again);
  }
  EXPECT_EQ(Refusal(StoredZip({{"net/data.pkl", ""}})),
            "net.pt2 is a file of torch.save, without a program that can be read: export the "
            "network: " +
                again);
  EXPECT_EQ(Refusal(StoredZip({{"version", ""}, {"serialized_exported_program.json", ""}})),
            "net.pt2 has the layout of torch 2.7 and before, which is not read: export it again "
            "with a later torch: torch.export.save(torch.export.load(\"old.pt2\"), \"net.pt2\")");
}

TEST(Pt2FileTest, OtherContentsAreNamed) {
  const auto with = [](const std::string& entry, const std::string& content) {
    return RefusalAfter([&](Pt2ProgramText& text) { text.entries[entry] = content; });
  };
  EXPECT_THAT(with("archive_version", "1"), HasSubstr("another version of the archive"));
  EXPECT_THAT(with("byteorder", "big"), HasSubstr("big-endian"));
  EXPECT_THAT(with("data/aotinductor/model/a.so", ""),
              HasSubstr("compiled code, which is never run"));
  EXPECT_EQ(with("models/other.json", "{}"), "no error");  // "model" is taken
  const auto version = [](const Json& major) {
    return RefusalAfter(
        [&](Pt2ProgramText& text) { text.program["schema_version"]["major"] = major; });
  };
  EXPECT_EQ(version(9), "net.pt2 has version 9.17 of torch.export's schema; version 8 is read");
  EXPECT_THAT(version("8"), HasSubstr("an integer is missing"));
  EXPECT_THAT(RefusalAfter([](Pt2ProgramText& text) { text.program.erase("schema_version"); }),
              HasSubstr("'schema_version' is missing"));
  Pt2ProgramText text = Small();
  const std::string two = StoredZip({{"archive_format", "pt2"},
                                     {"models/a.json", text.program.dump()},
                                     {"models/b.json", text.program.dump()}});
  EXPECT_THAT(Refusal(two), HasSubstr("2 models of which none is called 'model'"));
  EXPECT_THAT(Refusal(StoredZip({{"archive_format", "pt2"}})), HasSubstr("it holds no model"));
}

TEST(Pt2FileTest, ProgramsAreBounded) {
  const auto with_model = [](const std::string& json) {
    return RefusalAfter([&](Pt2ProgramText& text) { text.entries["models/model.json"] = json; });
  };
  EXPECT_EQ(with_model("{"), "net.pt2: the program is corrupt: it is no JSON");
  EXPECT_EQ(with_model("[]"), "net.pt2: the program is corrupt: 'schema_version' is missing");
  EXPECT_THAT(with_model(std::string(100, '[')), HasSubstr("more than 64 levels"));
  EXPECT_THAT(with_model(std::string(10'000'000, '[')), HasSubstr("more than 64 levels"));
  std::string many = "[0";
  for (int i = 0; i < 4'000'001; ++i) many += ",0";
  EXPECT_THAT(with_model(many + "]"), HasSubstr("more than 4000000 values"));
  // 600 kB of empty nodes.
  EXPECT_EQ(RefusalAfter([](Pt2ProgramText& text) {
              text.nodes() = std::vector<Json>(200'001, Json::object());
            }),
            "net.pt2 has 200001 nodes; a network has at most 200000");
  EXPECT_EQ(RefusalAfter([](Pt2ProgramText& text) { text.nodes().push_back(Json::object()); }),
            "net.pt2: node 1 is corrupt: 'target' is missing");
}

TEST(Pt2FileTest, DamagedProgramsAreNamed) {
  const auto with_node = [](const char* key, const Json& value) {
    return RefusalAfter([&](Pt2ProgramText& text) { text.nodes()[0][key] = value; });
  };
  EXPECT_EQ(with_node("target", 1), "net.pt2: node 0 is corrupt: a name is missing");
  EXPECT_THAT(with_node("target", "a\nb"), HasSubstr("a name has control characters"));
  EXPECT_THAT(with_node("target", std::string(1001, 'a')), HasSubstr("more than 1,000 bytes"));
  EXPECT_THAT(with_node("inputs", Json::object()), HasSubstr("a list is missing"));
  const auto with_argument = [&](const Json& argument) {
    return with_node("inputs", Json::array({{{"name", "input"}, {"arg", argument}}}));
  };
  EXPECT_THAT(with_argument({{"as_int", 1e30}}), HasSubstr("an integer is missing"));
  EXPECT_THAT(with_argument({{"as_int", UINT64_MAX}}), HasSubstr("an integer is missing"));
  EXPECT_THAT(with_argument({{"as_float", "big"}}), HasSubstr("a number is missing"));
  EXPECT_THAT(with_argument({{"as_tensor", "x"}}), HasSubstr("'name' is missing"));
  EXPECT_THAT(with_argument(Json::object()), HasSubstr("one key"));
  EXPECT_THAT(with_argument({{"as_int", 1}, {"as_float", 1.0}}), HasSubstr("one key"));
  EXPECT_THAT(with_argument({{"as\n", 1}}), HasSubstr("a strange key"));
  const auto with_input = [](const Json& sizes) {
    return RefusalAfter(
        [&](Pt2ProgramText& text) { text.graph()["tensor_values"]["x"]["sizes"] = sizes; });
  };
  EXPECT_THAT(with_input(Json::array({{{"as_int", -3}}})), HasSubstr("an impossible shape"));
  EXPECT_THAT(with_input(Json::array({{{"as_word", 3}}})), HasSubstr("'as_expr' is missing"));
}

TEST(Pt2FileTest, WhatANetworkDoesNotHaveIsNamed) {
  const auto with_spec = [](const char* which, const Json& spec) {
    return RefusalAfter([&](Pt2ProgramText& text) { text.signature()[which].push_back(spec); });
  };
  EXPECT_THAT(
      with_spec("output_specs", {{"buffer_mutation",
                                  {{"arg", {{"name", "y"}}}, {"buffer_name", "bn.running_mean"}}}}),
      HasSubstr("changes 'bn.running_mean' whenever it runs: call model.eval() before exporting"));
  EXPECT_THAT(with_spec("output_specs", {{"loss_output", {{"arg", {{"name", "y"}}}}}}),
              HasSubstr("an output of kind loss_output"));
  EXPECT_THAT(with_spec("output_specs", {{"user_output", {{"arg", AsInt(3)}}}}),
              HasSubstr("an output that is no tensor"));
  EXPECT_THAT(with_spec("input_specs", {{"custom_obj", Json::object()}}),
              HasSubstr("an input of kind custom_obj"));
  EXPECT_THAT(with_spec("input_specs", {{"user_input", {{"arg", AsInt(3)}}}}),
              HasSubstr("an input that is no tensor"));
  EXPECT_EQ(with_spec("input_specs",
                      {{"constant_input", {{"name", "n"}, {"value", {{"as_none", true}}}}}}),
            "no error");
}

TEST(Pt2FileTest, TensorsMustLieInTheirStorages) {
  const auto with = [](const char* key, const Json& value) {
    return RefusalAfter([&](Pt2ProgramText& text) { MetaOfWeight(text)[key] = value; });
  };
  const auto list = [](const std::vector<int64_t>& values) {
    Json sizes = Json::array();
    for (const int64_t value : values) sizes.push_back({{"as_int", value}});
    return sizes;
  };
  const std::string outside = "net.pt2 is corrupt: 'conv.weight' reaches outside its storage";
  EXPECT_EQ(with("storage_offset", {{"as_int", 0}}), "no error");
  EXPECT_EQ(with("storage_offset", {{"as_int", 1}}), outside);
  EXPECT_EQ(with("storage_offset", {{"as_int", -1}}), outside);
  EXPECT_EQ(with("storage_offset", {{"as_int", INT64_MAX}}), outside);
  EXPECT_EQ(with("strides", list({1, 1, 1, 1})), "no error");
  EXPECT_EQ(with("strides", list({3, 1, 1, 1})), outside);
  EXPECT_EQ(with("strides", list({-1, 1, 1, 1})), outside);
  EXPECT_EQ(with("strides", list({INT64_MAX, INT64_MAX, 1, 1})), outside);
  EXPECT_EQ(with("strides", list({2, 1, 1})), outside);
  EXPECT_EQ(with("sizes", list({3, 2, 1, 1})), outside);
  EXPECT_THAT(with("sizes", list({-2, 2, 1, 1})), HasSubstr("claims an impossible shape"));
  EXPECT_THAT(with("sizes", list({INT64_MAX, INT64_MAX, 1, 1})),
              HasSubstr("claims an impossible shape"));
  EXPECT_THAT(with("sizes", Json::array({{{"as_expr", Json::object()}}})),
              HasSubstr("'as_int' is missing"));
  // One number, shown 2^34 times: 64 GB.
  EXPECT_THAT(RefusalAfter([&](Pt2ProgramText& text) {
                MetaOfWeight(text)["sizes"] = list({1 << 17, 1 << 17, 1, 1});
                MetaOfWeight(text)["strides"] = list({0, 0, 0, 0});
              }),
              HasSubstr("tensors of more numbers than a file of its size has"));
}

TEST(Pt2FileTest, StoragesMustHoldNumbersThatAreRead) {
  const auto with = [](const char* key, const Json& value) {
    return RefusalAfter([&](Pt2ProgramText& text) { MetaOfWeight(text)[key] = value; });
  };
  EXPECT_THAT(with("dtype", 10), HasSubstr("'conv.weight' has elements of type 10"));
  EXPECT_THAT(with("layout", 1), HasSubstr("'conv.weight' is sparse"));
  EXPECT_EQ(with("dtype", 8), "net.pt2 is corrupt: 'conv.weight' reaches outside its storage");
  EXPECT_THAT(RefusalAfter([](Pt2ProgramText& text) {
                text.weights["config"]["conv.weight"]["use_pickle"] = true;
              }),
              HasSubstr("'conv.weight' is pickled, which is not read"));
  EXPECT_EQ(RefusalAfter([](Pt2ProgramText& text) {
              text.weights["config"]["conv.weight"]["path_name"] = "../../models/model.json";
            }),
            "net.pt2 is corrupt: the storage of 'conv.weight' is missing");
  EXPECT_EQ(RefusalAfter([](Pt2ProgramText& text) { text.weights["config"].clear(); }),
            "net.pt2 is corrupt: the tensor 'conv.weight' is missing");
  EXPECT_THAT(RefusalAfter([](Pt2ProgramText& text) { text.weights["config"] = 1; }),
              HasSubstr("'config' is no object"));
  EXPECT_EQ(
      RefusalAfter([](Pt2ProgramText& text) { text.entries["data/weights/weight_0"].pop_back(); }),
      "net.pt2 is corrupt: 'conv.weight' reaches outside its storage");
  for (const float value : {NAN, INFINITY}) {
    EXPECT_EQ(RefusalAfter([&](Pt2ProgramText& text) {
                text.entries["data/weights/weight_0"].replace(
                    4, 4, reinterpret_cast<const char*>(&value), 4);
              }),
              "net.pt2: 'conv.weight' holds NaN or infinity: export a network that works");
  }
}

TEST(Pt2FileTest, TruncatedFilesAreRefused) {
  const std::string good = Small().Archive();
  EXPECT_EQ(Refusal(good), "no error");
  for (size_t length = 4; length < good.size(); length += 7) {
    EXPECT_THAT(Refusal(good.substr(0, length)), HasSubstr("net.pt2 is truncated or corrupt"))
        << length;
  }
}

}  // namespace
}  // namespace zerosweep
