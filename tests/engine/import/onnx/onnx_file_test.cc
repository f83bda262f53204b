// Files written byte by byte (tests/support/engine/import/onnx_bytes.h), so that nothing that reads them
// has also written them.
#include "engine/import/onnx/onnx_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <limits>

#include "base/error.h"
#include "engine/import/names.h"
#include "tests/support/engine/import/onnx_bytes.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using namespace onnx_bytes;  // NOLINT
using testing::ElementsAre;
using testing::HasSubstr;

void Put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

OnnxFile ReadBytes(const std::string& bytes) {
  const TempFolder folder;
  Put(folder / "net.onnx", bytes);
  return ReadOnnxFile(folder / "net.onnx");
}

std::string FileDefectIn(const std::filesystem::path& path) {
  try {
    ReadOnnxFile(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_THAT(message, HasSubstr(path.filename().string()));
    return message;
  }
  return "read";
}

std::string FileDefect(const std::string& bytes) {
  const TempFolder folder;
  Put(folder / "net.onnx", bytes);
  return FileDefectIn(folder / "net.onnx");
}

// y = relu(x), with these initializers.
Parts Plain(std::vector<std::string> initializers = {}) {
  return {.nodes = {Call("Relu", {"x"}, {"y"})}, .initializers = std::move(initializers)};
}

std::string DefectOfTensor(const std::string& tensor) { return FileDefect(Model(Plain({tensor}))); }

TEST(OnnxFileTest, ReadsNodesPortsAndHead) {
  Parts parts = Plain({Tensor("w", {2, 1}, {1.5f, -2.f})});
  const std::string trace =
      "File \"/home/u/model.py\", line 12, in forward\n  x = self.conv(x)\n"
      "  File \"/venv/torch/nn/modules/conv.py\", line 553, in forward\n";
  parts.nodes = {Call("Conv", {"x", "w", ""}, {"c"},
                      {Ints("pads", {1, 1, -1, 1}), Int("group", 2), Float("alpha", 0.25f),
                       Text("auto_pad", "NOTSET"), OfTensor("t", Tensor("", {}, {3.f}))}) +
                     Bytes(3, "n\nm") +
                     Bytes(9, Bytes(1, "pkg.torch.onnx.stack_trace") + Bytes(2, trace)) +
                     Bytes(9, Bytes(1, "pkg.torch.onnx.name_scopes") +
                                  Bytes(2, "['', 'layer1', 'layer1.conv', 'conv2d']")),
                 Call("Relu", {"c"}, {"y"})};
  parts.inputs = {Port("x", {-1, 3, 224, 224}), Port("w", {2, 1})};  // as before IR version 4
  parts.more_of_model = Bytes(3, "1.2") + Bytes(14, Bytes(1, "mean") + Bytes(2, "0.5"));
  const OnnxFile file = ReadBytes(Model(parts));
  EXPECT_EQ(file.producer, "test 1.2");
  EXPECT_EQ(file.ir_version, 10);
  EXPECT_EQ(file.opset, 20);
  EXPECT_EQ(file.metadata.at("mean"), "0.5");
  ASSERT_EQ(file.inputs.size(), 1u);
  EXPECT_EQ(file.inputs[0].name, "x");
  EXPECT_THAT(file.inputs[0].shape, ElementsAre(-1, 3, 224, 224));
  ASSERT_EQ(file.outputs.size(), 1u);
  ASSERT_EQ(file.nodes.size(), 2u);
  const OnnxNode& conv = file.nodes[0];
  EXPECT_THAT(conv.inputs, ElementsAre("x", "w", ""));
  EXPECT_THAT(conv.outputs, ElementsAre("c"));
  EXPECT_EQ(conv.line, "model.py:12");
  EXPECT_EQ(conv.scope, "layer1.conv");
  EXPECT_THAT(std::get<std::vector<int64_t>>(conv.attributes.at("pads")), ElementsAre(1, 1, -1, 1));
  EXPECT_EQ(std::get<int64_t>(conv.attributes.at("group")), 2);
  EXPECT_EQ(std::get<float>(conv.attributes.at("alpha")), 0.25f);
  EXPECT_EQ(std::get<std::string>(conv.attributes.at("auto_pad")), "NOTSET");
  EXPECT_EQ(std::get<torch::Tensor>(conv.attributes.at("t")).item<float>(), 3.f);
  EXPECT_EQ(ShownNode(conv), "operator Conv at 'n\\x0am' (model.py:12)");
  EXPECT_TRUE(torch::equal(file.constants.at("w"), torch::tensor({{1.5f}, {-2.f}})));
}

TEST(OnnxFileTest, ReadsEveryType) {
  const auto raw = [](const std::string& name, int type, const std::string& bytes) {
    return TensorHead(name, {2}, type) + Bytes(9, bytes);
  };
  const OnnxFile file = ReadBytes(Model(Plain({
      raw("f", kFloat, Raw<float>({1.5f, -2.f})),
      raw("d", kDouble, Raw<double>({1e100, -2.})),
      raw("h", kHalf, Raw<uint16_t>({0x3c00, 0xc000})),
      raw("b", kBfloat16, Raw<uint16_t>({0x3f80, 0xc000})),
      raw("l", kInt64, Raw<int64_t>({1, std::numeric_limits<int64_t>::min()})),
      raw("i", kInt32, Raw<int32_t>({1, -2})),
      raw("c", kInt8, Raw<int8_t>({1, -2})),
      raw("u", kUint8, Raw<uint8_t>({1, 254})),
      raw("t", kBool, Raw<uint8_t>({1, 0})),
      TensorHead("empty", {0}, kFloat),
      TensorHead("scalar", {}, kInt64) + Bytes(9, Raw<int64_t>({7})),
      // In the lists of their types, packed and one by one.
      TensorHead("floats", {2}, kFloat) + Bytes(4, Raw<float>({1.5f, -2.f})),
      TensorHead("longs", {2}, kInt64) + Number(7, 1) + Number(7, -2),
      TensorHead("bytes", {2}, kInt8) + Bytes(5, Varint(1) + Varint(~uint64_t{1})),
      TensorHead("halves", {2}, kHalf) + Number(5, 0x3c00) + Number(5, 0xc000),
      TensorHead("doubles", {1}, kDouble) + Bytes(10, Raw<double>({0.1})),
  })));
  const auto is = [&](const char* name, const torch::Tensor& expected) {
    const torch::Tensor& tensor = file.constants.at(name);
    return tensor.dtype() == expected.dtype() && torch::equal(tensor, expected);
  };
  EXPECT_TRUE(is("f", torch::tensor({1.5f, -2.f})));
  EXPECT_TRUE(is("d", torch::tensor({1e100, -2.}, torch::kFloat64)));
  EXPECT_TRUE(is("h", torch::tensor({1.f, -2.f}).to(torch::kFloat16)));
  EXPECT_TRUE(is("b", torch::tensor({1.f, -2.f}).to(torch::kBFloat16)));
  EXPECT_TRUE(
      is("l", torch::tensor({int64_t{1}, std::numeric_limits<int64_t>::min()}, torch::kInt64)));
  EXPECT_TRUE(is("i", torch::tensor({1, -2}, torch::kInt32)));
  EXPECT_TRUE(is("c", torch::tensor({1, -2}, torch::kInt8)));
  EXPECT_TRUE(is("u", torch::tensor({1, 254}, torch::kUInt8)));
  EXPECT_TRUE(is("t", torch::tensor({1, 0}, torch::kBool)));
  EXPECT_TRUE(is("empty", torch::empty({0})));
  EXPECT_TRUE(is("scalar", torch::scalar_tensor(7, torch::kInt64)));
  EXPECT_TRUE(is("floats", torch::tensor({1.5f, -2.f})));
  EXPECT_TRUE(is("longs", torch::tensor({1, -2}, torch::kInt64)));
  EXPECT_TRUE(is("bytes", torch::tensor({1, -2}, torch::kInt8)));
  EXPECT_TRUE(is("halves", torch::tensor({1.f, -2.f}).to(torch::kFloat16)));
  EXPECT_TRUE(is("doubles", torch::tensor({0.1}, torch::kFloat64)));
}

TEST(OnnxFileTest, LargeTensorsKeepTheFilesBytes) {
  std::vector<float> values(100'000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const OnnxFile file = ReadBytes(Model(Plain({Tensor("w", {100, 1000}, values)})));
  const torch::Tensor expected = torch::arange(100'000, torch::kFloat32).view({100, 1000});
  EXPECT_TRUE(torch::equal(file.constants.at("w"), expected));
}

TEST(OnnxFileTest, ConstantNodesAreConstants) {
  Parts parts = Plain();
  parts.nodes = {Call("Constant", {}, {"a"}, {OfTensor("value", Integers("", {4, 5}))}),
                 Call("Constant", {}, {"b"}, {Int("value_int", 6)}),
                 Call("Constant", {}, {"c"}, {Ints("value_ints", {7, -8})}),
                 Call("Constant", {}, {"d"}, {Float("value_float", 0.5f)}),
                 Call("Relu", {"x"}, {"y"})};
  const OnnxFile file = ReadBytes(Model(parts));
  EXPECT_EQ(file.nodes.size(), 1u);
  EXPECT_TRUE(torch::equal(file.constants.at("a"), torch::tensor({4, 5}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(file.constants.at("b"), torch::scalar_tensor(6, torch::kInt64)));
  EXPECT_TRUE(torch::equal(file.constants.at("c"), torch::tensor({7, -8}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(file.constants.at("d"), torch::scalar_tensor(0.5f)));
  parts.nodes[0] = Call("Constant", {}, {"a"}, {Text("value_string", "s")});
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("'value_string' is no tensor of numbers"));
  parts.nodes[0] = Call("Constant", {}, {"a"});
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("has not one value"));
}

TEST(OnnxFileTest, TensorsThatContradictThemselvesAreNamed) {
  const std::string four = Raw<float>({1, 2, 3, 4});
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {3}, kFloat) + Bytes(9, four)),
              HasSubstr("'w' needs 12 bytes by its shape, but has 16"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {2, 2}, kDouble) + Bytes(9, four)),
              HasSubstr("'w' needs 32 bytes"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {4}, kFloat)),
              HasSubstr("needs 4 values by its shape and type, but has 0"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {1}, kFloat) + Number(7, 1)),
              HasSubstr("needs 1 values by its shape and type, but has 1"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {4}, kFloat) + Bytes(9, four) + Bytes(4, four)),
              HasSubstr("has its values twice"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {1}, kUint8) + Number(5, 256)),
              HasSubstr("outside its type"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {1}, kBool) + Bytes(9, "\2")),
              HasSubstr("outside its type"));
  const int64_t huge = int64_t{1} << 62;
  for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{
           {-4}, {huge, 4}, {huge, huge, huge}, {0, huge}, {int64_t{1} << 40, 2}}) {
    EXPECT_THAT(DefectOfTensor(TensorHead("w", shape, kFloat) + Bytes(9, four)),
                HasSubstr("'w' claims an impossible shape"));
  }
  EXPECT_THAT(DefectOfTensor(TensorHead("w", std::vector<int64_t>(9, 1), kFloat) +
                             Bytes(9, Raw<float>({1}))),
              HasSubstr("has 9 dimensions"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {4}, kFloat) + Bytes(3, "") + Bytes(9, four)),
              HasSubstr("is stored in segments"));
}

TEST(OnnxFileTest, TypesThatAreNotReadAreNamed) {
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {1}, kInt4) + Bytes(9, "\1")),
              HasSubstr("'w' is of type int4 (22), which is not read"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {1}, kString) + Bytes(6, "s")),
              HasSubstr("of type string (8)"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {1}, 999)), HasSubstr("of type unknown (999)"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {1}, -1)), HasSubstr("of type unknown (-1)"));
}

TEST(OnnxFileTest, WeightsMustBeFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(DefectOfTensor(Tensor("w", {2}, {1, std::nanf("")})),
              HasSubstr("'w' holds numbers that are not finite"));
  EXPECT_THAT(DefectOfTensor(Tensor("w", {2}, {1, infinity})), HasSubstr("not finite"));
  EXPECT_THAT(DefectOfTensor(Tensor("w", {}, {std::nanf("")})), HasSubstr("not finite"));
  EXPECT_THAT(DefectOfTensor(TensorHead("w", {2}, kHalf) + Bytes(9, Raw<uint16_t>({0, 0x7c00}))),
              HasSubstr("not finite"));
  // A limit of a clip may be infinite.
  EXPECT_EQ(DefectOfTensor(Tensor("limit", {}, {-infinity})), "read");
}

TEST(OnnxFileTest, NamesAreDefinedOnceAndBeforeTheirUse) {
  Parts parts = Plain();
  parts.nodes = {Call("Relu", {"y"}, {"z"}), Call("Relu", {"x"}, {"y"})};
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("operator Relu at 'z' reads 'y', which nothing"));
  parts.nodes = {Call("Relu", {"x"}, {"y"}), Call("Relu", {"x"}, {"y"})};
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("defines 'y' twice"));
  parts.nodes = {Call("Relu", {"y"}, {"y"})};
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("reads 'y'"));
  parts.nodes = {};
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("the graph's output reads 'y'"));
  EXPECT_THAT(FileDefect(Model(Plain({Tensor("w", {}, {1}), Tensor("w", {}, {1})}))),
              HasSubstr("defines 'w' twice"));
  EXPECT_THAT(FileDefect(Model(Plain({Tensor("", {}, {1})}))), HasSubstr("has no name"));
}

TEST(OnnxFileTest, WhatIsNotReadIsRefusedByName) {
  const auto with = [](const std::string& node) {
    Parts parts = Plain();
    parts.nodes = {node};
    return FileDefect(Model(parts));
  };
  const std::string graph = Bytes(1, "then_branch") + Bytes(6, Bytes(2, "g")) + Number(20, 5);
  EXPECT_THAT(with(Call("If", {"x"}, {"y"}, {graph})),
              HasSubstr("operator If at 'y' is not supported: it decides while it runs"));
  EXPECT_THAT(with(Call("Gelu", {"x"}, {"y"}) + Bytes(7, "com.microsoft")),
              HasSubstr("operator Gelu at 'y' is not supported: it is of the domain 'com.micr"));
  EXPECT_THAT(with(Call("Relu", {"x"}, {"y"}, {Bytes(1, "a") + Bytes(22, "") + Number(20, 11)})),
              HasSubstr("holds sparse tensors"));
  EXPECT_THAT(with(Call("Relu", {"x"}, {"y"}, {Bytes(1, "a") + Bytes(14, "") + Number(20, 13)})),
              HasSubstr("its attribute 'a' is of a type that is not read"));
  EXPECT_THAT(with(Call("Relu", {"x"}, {"y"}, {Bytes(1, "a") + Number(3, 1)})),
              HasSubstr("its attribute 'a' is of a type that is not read"));
  EXPECT_THAT(with(Call("Relu", {"x"}, {"y"}, {Int("a", 1), Int("a", 2)})),
              HasSubstr("'a' is given twice"));
  EXPECT_THAT(with(Call("BatchNormalization", {"x"}, {"y"}, {Int("training_mode", 1)})),
              HasSubstr("is in training mode: call model.eval()"));
  Parts parts = Plain();
  parts.more_of_graph = Bytes(15, "");
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("holds sparse initializers"));
  parts = Plain();
  parts.more_of_model = Bytes(25, Bytes(1, "f"));
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("holds functions of its own"));
  parts.more_of_model = Bytes(20, "");
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("holds training_info"));
  for (const int64_t opset : {6, 26, 0, -1}) {
    parts = Plain();
    parts.opset = opset;
    EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("but 7 to 25 are known"));
  }
  parts = Plain();
  parts.inputs = {Bytes(1, "x") + Bytes(2, Bytes(4, Bytes(1, Bytes(1, Number(1, 1)))))};
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("'x' is no tensor"));
  parts.inputs = {Port("x", {1, 3, int64_t{1} << 40, 4})};
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("'x' claims an impossible shape"));
}

TEST(OnnxFileTest, OtherFilesAreRefused) {
  for (const std::string& bytes :
       {std::string(), std::string("PK\3\4 an archive"), std::string("{\"json\": 1}"),
        std::string("version https://git-lfs.github.com/spec/v1"), std::string(1000, '\0'),
        std::string(1000, '\xff'), std::string("\x3b"), std::string("\x3c")}) {
    EXPECT_THAT(FileDefect(bytes), HasSubstr("no ONNX model")) << bytes.substr(0, 10);
  }
  EXPECT_THAT(FileDefect(Number(1, 10) + Bytes(8, Number(2, 20))), HasSubstr("holds no graph"));
  const TempFolder folder;
  EXPECT_THAT(FileDefectIn(folder / "absent.onnx"), HasSubstr("there is no file"));
}

TEST(OnnxFileTest, EveryTruncationIsRefused) {
  Parts parts = Plain({Tensor("w", {2}, {1, 2}), Integers("i", {1, 2, 3})});
  parts.nodes[0] = Call("Relu", {"x"}, {"y"}, {Ints("pads", {1, 1}), Float("f", 1)});
  const std::string bytes = Model(parts);
  EXPECT_EQ(FileDefect(bytes), "read");
  int refused = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    refused += FileDefect(bytes.substr(0, size)) == "read" ? 0 : 1;
  }
  EXPECT_EQ(refused, static_cast<int>(bytes.size()));
}

// In kilobytes, as the kernel counts it.
int64_t PeakMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(OnnxFileTest, ManySmallThingsAreRefusedInLittleMemory) {
  const auto repeated = [](const std::string& item, size_t bytes) {
    std::string all;
    while (all.size() < bytes) all += item;
    return all;
  };
  constexpr size_t kBytes = 10 << 20;
  const int64_t before = PeakMemory();
  const std::string nodes = Bytes(7, repeated(Bytes(1, ""), kBytes));
  EXPECT_THAT(FileDefect(nodes), HasSubstr("more than 200000 nodes"));
  const std::string names = Bytes(7, Bytes(1, repeated(Bytes(1, ""), kBytes)));
  EXPECT_THAT(FileDefect(names), HasSubstr("more memory than a network of its size"));
  const std::string numbers = Bytes(7, Bytes(5, Bytes(7, std::string(kBytes, '\1'))));
  EXPECT_THAT(FileDefect(numbers), HasSubstr("more memory than a network of its size"));
  EXPECT_LT(PeakMemory() - before, 150 << 10);
}

TEST(OnnxFileTest, DeepOnesAreRefused) {
  std::string type = Bytes(1, Number(1, 1));
  for (int i = 0; i < 10'000; ++i) type = Bytes(4, Bytes(1, type));
  Parts parts = Plain();
  parts.inputs = {Bytes(1, "x") + Bytes(2, type)};
  EXPECT_THAT(FileDefect(Model(parts)), HasSubstr("too deep"));
  std::string graph = Bytes(2, "g");
  for (int i = 0; i < 10'000; ++i) {
    graph = Bytes(1, Call("If", {}, {}, {Bytes(1, "a") + Bytes(6, graph) + Number(20, 5)}));
  }
  EXPECT_THAT(FileDefect(Bytes(7, graph)), HasSubstr("too deep"));
}

// --- data files ---

std::string External(const std::string& location, const std::string& offset,
                     const std::string& length) {
  const auto entry = [](const std::string& key, const std::string& value) {
    return value.empty() ? "" : Bytes(13, Bytes(1, key) + Bytes(2, value));
  };
  return TensorHead("w", {2}, kFloat) + entry("location", location) + entry("offset", offset) +
         entry("length", length) + Number(14, 1);
}

class OnnxDataFileTest : public testing::Test {
 protected:
  OnnxDataFileTest() { Put(folder_ / "net.data", Raw<float>({1, 2, 3, 4})); }

  std::string Defect(const std::string& tensor) {
    Put(folder_ / "net.onnx", Model(Plain({tensor})));
    return FileDefectIn(folder_ / "net.onnx");
  }

  const TempFolder folder_;
};

TEST_F(OnnxDataFileTest, HoldsTensors) {
  Put(folder_ / "net.onnx", Model(Plain({External("net.data", "4", "8")})));
  EXPECT_TRUE(torch::equal(ReadOnnxFile(folder_ / "net.onnx").constants.at("w"),
                           torch::tensor({2.f, 3.f})));
  EXPECT_EQ(Defect(External("net.data", "", "")), "read");  // from the beginning
  EXPECT_EQ(Defect(External("net.data", "8", "")), "read");
}

TEST_F(OnnxDataFileTest, RangesMustLieInTheFileAndFitTheShape) {
  for (const auto& [offset, length] :
       std::vector<std::pair<std::string, std::string>>{{"12", "8"},
                                                        {"12", ""},
                                                        {"0", "16"},
                                                        {"0", "4"},
                                                        {"-4", "8"},
                                                        {"18446744073709551612", "8"},
                                                        {"99999999999999999999999", "8"},
                                                        {"0x4", "8"},
                                                        {"4 ", "8"},
                                                        {"0", "eight"}}) {
    EXPECT_THAT(Defect(External("net.data", offset, length)),
                HasSubstr("'w' needs 8 bytes of net.data, which has 16"))
        << offset;
  }
}

TEST_F(OnnxDataFileTest, LieNextToTheModelAndAreFiles) {
  const std::filesystem::path outside = folder_ / "outside";
  std::filesystem::create_directory(outside);
  std::filesystem::create_directory(folder_ / "model");
  Put(outside / "secret", Raw<float>({1, 2}));
  const std::filesystem::path model = folder_ / "model/net.onnx";
  const auto defect = [&](const std::string& location) {
    Put(model, Model(Plain({External(location, "0", "8")})));
    return FileDefectIn(model);
  };
  for (const std::string& location :
       {std::string("../outside/secret"), (outside / "secret").string(), std::string("./net.data"),
        std::string(".."), std::string("."), std::string("a\\b"), std::string("a\0b", 3),
        std::string(300, 'a')}) {
    EXPECT_THAT(defect(location), HasSubstr("must be the name of a file next to the model"));
  }
  EXPECT_THAT(defect(""), HasSubstr("does not say in which"));
  EXPECT_THAT(defect("absent"), HasSubstr("data file 'absent' cannot be opened"));
  std::filesystem::create_symlink(outside / "secret", folder_ / "model/link");
  EXPECT_THAT(defect("link"), HasSubstr("'link' is a link"));
  std::filesystem::create_directory(folder_ / "model/folder");
  EXPECT_THAT(defect("folder"), HasSubstr("is no regular file"));
  ASSERT_EQ(mkfifo((folder_ / "model/pipe").c_str(), 0600), 0);
  EXPECT_THAT(defect("pipe"), HasSubstr("is no regular file"));
}

TEST_F(OnnxDataFileTest, CannotBeReadAgainAndAgain) {
  const std::string big(20 << 20, '\0');
  Put(folder_ / "net.data", big);
  std::vector<std::string> tensors;
  for (int i = 0; i < 7; ++i) {
    tensors.push_back(TensorHead("w" + std::to_string(i), {5 << 20}, kFloat) +
                      Bytes(13, Bytes(1, "location") + Bytes(2, "net.data")) + Number(14, 1));
  }
  Put(folder_ / "net.onnx", Model(Plain(tensors)));
  EXPECT_THAT(FileDefectIn(folder_ / "net.onnx"),
              HasSubstr("tensors take more bytes than its data files have"));
}

TEST_F(OnnxDataFileTest, ValuesAreInOnePlace) {
  EXPECT_THAT(Defect(External("net.data", "0", "8") + Bytes(9, Raw<float>({1, 2}))),
              HasSubstr("has values both here and in another file"));
}

TEST(OnnxNamesTest, TheLineIsTheUsers) {
  EXPECT_EQ(LineOfTrace("File \"a/b.py\", line 3, in f\n  File \"c.py\", line 14, in g\n x"),
            "c.py:14");
  EXPECT_EQ(LineOfTrace("File \"/v/torch/nn/modules/conv.py\", line 3, in f"), "");
  for (const char* trace : {"", "File \"", "\", line 3", "File \"x\", line ", "\", line 3 File \"",
                            "File \", line 7"}) {
    EXPECT_EQ(LineOfTrace(trace), "") << trace;
  }
}

TEST(OnnxNamesTest, NamesAreShownOnOneShortLine) {
  EXPECT_EQ(ShownName("layer1.0"), "layer1.0");
  EXPECT_EQ(ShownName("a\nb\xff"), "a\\x0ab\\xff");
  EXPECT_LE(ShownName(std::string(10 << 20, 'a')).size(), 130u);
}

}  // namespace
}  // namespace zerosweep
