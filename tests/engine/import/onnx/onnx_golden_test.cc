// Networks as torch.onnx.export writes them, against PyTorch's own outputs
// (tests/golden/make_onnx.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "engine/graph/executor.h"
#include "engine/import/onnx/onnx_lowering.h"
#include "tests/support/engine/import/onnx_mutations.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using testing::HasSubstr;

std::filesystem::path GoldenFile(const std::string& name) {
  return GoldenOnnx().front().parent_path() / name;
}

const Json& Expected() {
  static const Json expected = ParseJson(ReadFile(GoldenFile("expected.json")), "expected.json");
  return expected;
}

std::string NetworkOf(const std::string& file) { return file.substr(0, file.find('.')); }

ImportedNetwork ReadGolden(const std::string& file) {
  const auto shape = Expected().at(NetworkOf(file)).at("shape").get<std::vector<int64_t>>();
  return ReadOnnx(GoldenFile(file), {.image_shape = shape});
}

// The i-th number is sin(0.7·i).
torch::Tensor GoldenImages(const Graph& graph) {
  const std::vector<int64_t> shape = graph.BatchShape(2);
  const int64_t count = shape[0] * shape[1] * shape[2] * shape[3];
  return torch::sin(0.7 * torch::arange(count, torch::kFloat64)).to(torch::kFloat32).view(shape);
}

int Count(const Graph& graph, Op op) {
  int count = 0;
  for (const Node& node : graph.nodes) count += node.op == op ? 1 : 0;
  return count;
}

class OnnxGoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(OnnxGoldenTest, GivesPyTorchsOutputs) {
  const ImportedNetwork network = ReadGolden(GetParam());
  const torch::NoGradGuard no_grad;
  const torch::Tensor output = zerosweep::Run(network.graph, GoldenImages(network.graph));
  const auto rows =
      Expected().at(NetworkOf(GetParam())).at("outputs").get<std::vector<std::vector<float>>>();
  ASSERT_EQ(rows.size(), 2u);
  torch::Tensor expected = torch::empty({2, static_cast<int64_t>(rows[0].size())});
  for (int i = 0; i < 2; ++i) {
    expected[i] = torch::tensor(rows[static_cast<size_t>(i)]);
  }
  ASSERT_EQ(output.flatten(1).sizes(), expected.sizes());
  // Of float32 in another order, and with norms that are folded into weights.
  EXPECT_LT(((output.flatten(1) - expected).abs().max() / expected.abs().max()).item<double>(),
            1e-5);
}

std::vector<std::string> GoldenNames() {
  std::vector<std::string> names;
  for (const auto& file : GoldenOnnx()) names.push_back(file.filename().string());
  return names;
}

INSTANTIATE_TEST_SUITE_P(OfManyExports, OnnxGoldenTest, testing::ValuesIn(GoldenNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(OnnxExportsTest, BatchNormsAreKeptOrSaidToBeFolded) {
  for (const char* way : {"preserve", "preserve9", "free", "unoptimized"}) {
    const ImportedNetwork kept = ReadGolden(std::string("residual.") + way + ".onnx");
    EXPECT_EQ(Count(kept.graph, Op::kBatchNorm), 2) << way;
    EXPECT_TRUE(kept.notes.empty()) << way;
  }
  for (const char* way : {"default", "script"}) {
    const ImportedNetwork folded = ReadGolden(std::string("residual.") + way + ".onnx");
    EXPECT_EQ(Count(folded.graph, Op::kBatchNorm), 0) << way;
    ASSERT_EQ(folded.notes.size(), 1u) << way;
    EXPECT_THAT(folded.notes[0], HasSubstr("training=torch.onnx.TrainingMode.PRESERVE"));
  }
}

TEST(OnnxExportsTest, NodesAreCalledAsTheModulesOfTheModel) {
  for (const char* file : {"residual.preserve.onnx", "residual.unoptimized.onnx"}) {
    const Graph graph = ReadGolden(file).graph;
    std::vector<std::string> names;
    for (const Node& node : graph.nodes) names.push_back(node.name);
    const std::vector<std::string> first = {"input", "stem.0",   "stem.1",   "stem.2",
                                            "pool",  "layer1.0", "layer1.1", "layer1.2"};
    ASSERT_GE(names.size(), first.size());
    names.resize(first.size());
    EXPECT_EQ(names, first) << file;
    EXPECT_GE(graph.Find("fc"), 0) << file;
  }
}

TEST(OnnxExportsTest, WhatExportersTakeApartIsJoined) {
  for (const char* file : {"gates.default.onnx", "gates.unoptimized.onnx", "gates.preserve.onnx",
                           "gates.preserve11.onnx"}) {
    const Graph graph = ReadGolden(file).graph;
    for (const Op op : {Op::kHardSwish, Op::kHardSigmoid, Op::kSilu, Op::kGelu, Op::kPRelu,
                        Op::kChannelShuffle, Op::kMaxPool, Op::kClip}) {
      EXPECT_EQ(Count(graph, op), 1) << file << " " << ToString(op);
    }
    EXPECT_EQ(Count(graph, Op::kErf), 0) << file;
    EXPECT_EQ(Count(graph, Op::kConv2d), 4) << file;
  }
}

TEST(OnnxExportsTest, SeveralOutputsKeepTheirNamesAndShapes) {
  const ImportedNetwork network = ReadGolden("dense.preserve.onnx");
  ASSERT_EQ(network.outputs.size(), 2u);
  EXPECT_EQ(network.outputs[0].shape, (std::vector<int64_t>{1, 12, 16}));
  EXPECT_EQ(network.outputs[1].shape, (std::vector<int64_t>{4, 6, 10}));
}

std::string GoldenRefusal(const std::string& file, const OnnxOptions& options) {
  try {
    ReadOnnx(GoldenFile(file), options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "read";
}

TEST(OnnxExportsTest, FreeSizesMustBeGiven) {
  EXPECT_THAT(GoldenRefusal("residual.free.onnx", {}),
              HasSubstr("the size of its images is free (?×3×?×?)"));
  EXPECT_THAT(GoldenRefusal("residual.free.onnx", {.image_shape = {4, 17, 17}}),
              HasSubstr("is of shape ?×3×?×?, not 4×17×17"));
  EXPECT_EQ(GoldenRefusal("residual.free.onnx", {.image_shape = {3, 40, 33}}), "read");
  EXPECT_THAT(GoldenRefusal("residual.preserve.onnx", {.image_shape = {3, 18, 17}}),
              HasSubstr("is of shape 1×3×17×17, not 3×18×17"));
}

TEST(OnnxExportsTest, DamagedOnesAreReadOrRefused) {
  const TempFolder folder;
  for (const auto& entry : std::filesystem::directory_iterator(GoldenFile("").parent_path())) {
    if (entry.path().extension() == ".data") {
      std::filesystem::copy_file(entry.path(), folder / entry.path().filename().string());
    }
  }
  std::mt19937_64 random(20261130);
  const auto files = GoldenOnnx();
  ASSERT_GE(files.size(), 10u);
  int taken = 0;
  for (int i = 0; i < 500; ++i) {
    const auto& seed = files[static_cast<size_t>(i) % files.size()];
    const auto file = folder / seed.filename().string();
    std::ofstream(file, std::ios::binary) << MutatedOnnx(ReadFile(seed), random);
    SCOPED_TRACE(fmt::format("mutation {} of {}", i, seed.string()));
    ASSERT_NO_THROW(taken += ReadsOrRefusesOnnx(file) ? 1 : 0);
  }
  EXPECT_GT(taken, 20);   // changes of names, weights and what nothing reads
  EXPECT_LT(taken, 450);  // the others were seen
}

}  // namespace
}  // namespace zerosweep
