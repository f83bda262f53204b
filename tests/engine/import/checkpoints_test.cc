// The weights of one network, as many programs save them (tests/golden/make_checkpoints.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <torch/types.h>

#include <fstream>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "engine/import/state.h"
#include "engine/import/weight_fit.h"
#include "engine/models/builder.h"
#include "tests/support/engine/checkpoint_mutations.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using State = std::map<std::string, torch::Tensor>;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::filesystem::path Golden(const std::string& name) {
  return GoldenCheckpoints().front().parent_path() / name;
}

// input → conv (1 → 2, kernel 1×3, bias) → bn
Graph Tiny() {
  GraphBuilder build({1, 5, 5});
  Value x = build.Conv("conv", build.Input(), {.in = 1, .out = 2, .kernel = {1, 3}, .bias = true});
  return build.Finish(build.BatchNorm("bn", x, 2));
}

const std::vector<KeyLayout> kLayouts = {{.name = "own", .marker = "conv.weight"}};

WeightSearch Search(const State& file, const std::string& key = "") {
  return FindWeights(Tiny(), file, kLayouts, key);
}

// Of the first parameter on: conv.weight 0, 1, … 5, conv.bias 6, 7, and so on.
void ExpectWeights(const Graph& graph, float start = 0) {
  for (const auto& [node, parameter] :
       std::vector<std::pair<int, std::string>>{{1, "weight"},
                                                {1, "bias"},
                                                {2, "weight"},
                                                {2, "bias"},
                                                {2, "running_mean"},
                                                {2, "running_var"}}) {
    const torch::Tensor& tensor = graph.nodes[node].parameters.at(parameter);
    const auto expected = torch::arange(start, start + static_cast<float>(tensor.numel()));
    EXPECT_TRUE(torch::equal(tensor.flatten(), expected)) << node << parameter << tensor;
    start += static_cast<float>(tensor.numel());
  }
}

struct Case {
  const char* file;
  const char* prefix;
  std::vector<std::string> ignored = {};
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.file; }

class CheckpointsTest : public testing::TestWithParam<Case> {};

TEST_P(CheckpointsTest, HoldTheSameNetwork) {
  const State file = ReadState(Golden(GetParam().file));
  const WeightSearch search = Search(file);
  ASSERT_EQ(search.fits.size(), 1u) << (search.nearest ? search.nearest->defect : "no key fits");
  EXPECT_EQ(search.fits[0].prefix, GetParam().prefix);
  EXPECT_EQ(search.fits[0].ignored, GetParam().ignored);
  Graph graph = Tiny();
  CopyWeights(search.fits[0], file, graph, "file");
  ExpectWeights(graph);
}

INSTANTIATE_TEST_SUITE_P(
    OfManyPrograms, CheckpointsTest,
    testing::Values(Case{"plain.pth", ""}, Case{"plain.safetensors", ""}, Case{"protocol4.pth", ""},
                    Case{"legacy.pth", ""}, Case{"legacy_protocol4.pth", ""},
                    Case{"deflated.pth", ""}, Case{"half.pth", ""}, Case{"bfloat16.pth", ""},
                    Case{"double.pth", ""}, Case{"views.pth", "", {"ones"}},
                    Case{"legacy_views.pth", "", {"ones"}},
                    // DataParallel and torch.compile, whose words are left out.
                    Case{"data_parallel.pth", ""}, Case{"data_parallel.safetensors", ""},
                    Case{"compiled.pth", ""}, Case{"legacy_checkpoint.pth", "state_dict."},
                    // Training loops, with schedules, arguments and numpy numbers beside.
                    Case{"multistep.pth", "state_dict."}, Case{"reference_script.pth", "model."},
                    Case{"numpy_beside.pth", "state_dict."}, Case{"torch_words.pth", "net."},
                    Case{"tutorial.tar", "model_state_dict."}, Case{"meters.pth", "model."},
                    Case{"lightning.ckpt", "state_dict.model."}, Case{"deep.pth", "a.b.0.c.0.d."},
                    // Whole modules, of whose classes nothing is needed.
                    Case{"module.pth", ""}, Case{"script.pt", ""}, Case{"legacy_module.pth", ""},
                    Case{"legacy_beside.pth", "state_dict."}, Case{"pair.pth", "0."},
                    Case{"surrogate.pth", "", {"a\xed\xb3\xa9"}}, Case{"negative.pth", ""},
                    Case{"sharded.safetensors.index.json", ""},
                    Case{"extras.pth", "", {"mask", "total_ops"}}));

TEST(CheckpointsTest, OfSeveralStateDictsOneIsChosen) {
  const State file = ReadState(Golden("ema.pth"));
  const WeightSearch all = Search(file);
  ASSERT_EQ(all.fits.size(), 2u);
  EXPECT_EQ(all.fits[0].prefix, "ema.");
  EXPECT_EQ(all.fits[1].prefix, "state_dict.");
  for (const auto& [key, start] : std::map<std::string, float>{
           {"ema", 100.f}, {"state_dict", 0.f}, {"state_dict.module", 0.f}}) {
    const WeightSearch search = Search(file, key);
    ASSERT_EQ(search.fits.size(), 1u) << key;
    Graph graph = Tiny();
    CopyWeights(search.fits[0], file, graph, "file");
    ExpectWeights(graph, start);
    EXPECT_EQ(search.fits[0].elsewhere.size(), 7u);
  }
  EXPECT_THAT(Search(file, "em").fits, IsEmpty());
  EXPECT_THAT(Search(file, "optimizer").fits, IsEmpty());
}

TEST(CheckpointsTest, TheTopLevelIsChosenByAPoint) {
  State file = ReadState(Golden("plain.safetensors"));
  for (const auto& [name, tensor] : State(file)) file["ema." + name] = tensor + 1;
  EXPECT_EQ(Search(file).fits.size(), 2u);
  ASSERT_EQ(Search(file, ".").fits.size(), 1u);
  EXPECT_EQ(Search(file, ".").fits[0].prefix, "");
  EXPECT_EQ(Search(file, "ema").fits[0].prefix, "ema.");
}

TEST(CheckpointsTest, AnyUniformPrefixIsTaken) {
  const State plain = ReadState(Golden("plain.safetensors"));
  for (const std::string prefix :
       {"net.", "backbone.", "encoder_q.", "0.", "a.b.c.d.e.", "model.module."}) {
    State file;
    for (const auto& [name, tensor] : plain) file[prefix + name] = tensor;
    EXPECT_EQ(Search(file).fits.size(), 1u) << prefix;
  }
  State file;  // DataParallel around a part of the network
  for (const auto& [name, tensor] : plain) {
    file[name.starts_with("bn") ? "bn.module" + name.substr(2) : name] = tensor;
  }
  EXPECT_EQ(Search(file).fits.size(), 1u);
}

TEST(CheckpointsTest, ALargerNetworkIsNotTaken) {
  State file = ReadState(Golden("plain.safetensors"));
  file["conv2.weight"] = torch::zeros({2, 2, 1, 1});
  const WeightSearch search = Search(file);
  EXPECT_THAT(search.fits, IsEmpty());
  EXPECT_EQ(search.nearest->defect, "'conv2.weight' [2, 2, 1, 1] is used nowhere in the network");
  EXPECT_EQ(search.nearest->matching, 6u);
}

std::string RefusalOf(const std::string& name) {
  try {
    const State file = ReadState(Golden(name));
    const WeightSearch search = Search(file);
    Graph graph = Tiny();
    CopyWeights(search.fits.at(0), file, graph, name);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "taken";
}

TEST(CheckpointsTest, NumbersThatBreakTheNetworkAreNamed) {
  EXPECT_THAT(RefusalOf("nan.pth"),
              HasSubstr("nan.pth: 'bn.bias' holds numbers that are not finite"));
  EXPECT_THAT(RefusalOf("negative_variance.pth"),
              HasSubstr("'bn.running_var' holds a negative variance, -1"));
  State file = ReadState(Golden("plain.safetensors"));
  file["conv.bias"] = torch::full({2}, 1e300, torch::kFloat64);  // infinite as float32
  Graph graph = Tiny();
  EXPECT_THROW(CopyWeights(Search(file).fits.at(0), file, graph, "w"), Error);
}

TEST(CheckpointsTest, AWeightOfAnotherKindIsNotCalledMissing) {
  const WeightSearch search = Search(ReadState(Golden("sparse.pth")));
  EXPECT_THAT(search.fits, IsEmpty());
  EXPECT_THAT(search.nearest->defect, HasSubstr("'conv.weight' is of a kind that is not read"));
}

TEST(CheckpointsTest, OneNameIsOneTensor) {
  EXPECT_THAT(RefusalOf("twice.pth"),
              HasSubstr("holds two tensors that are called 'a.conv.weight', and they differ"));
}

TEST(CheckpointsTest, WrappersThatAreAllThatDiffersChoose) {
  const State plain = ReadState(Golden("plain.safetensors"));
  State file;
  for (const auto& [name, tensor] : plain) {
    file[name] = tensor;
    file["module." + name] = tensor + 1;
    file["_orig_mod." + name] = tensor + 2;
  }
  ASSERT_EQ(Search(file).fits.size(), 3u);
  for (const std::string key : {".", "module", "_orig_mod"}) {
    ASSERT_EQ(Search(file, key).fits.size(), 1u) << key;
    EXPECT_EQ(Search(file, key).fits[0].prefix, key == "." ? "" : key + ".");
  }
  State one;  // where nothing else has the name, the wrapper is as if it were not there
  for (const auto& [name, tensor] : plain) {
    one["module." + name] = tensor;
    one["ema.module." + name] = tensor + 1;
  }
  EXPECT_EQ(Search(one, "module").fits.at(0).prefix, "");
  EXPECT_EQ(Search(one, "module").fits.size(), 1u);
}

TEST(CheckpointsTest, FilesWithoutTensorsSayWhatTheyHold) {
  EXPECT_THAT(RefusalOf("numpy_weights.pth"),
              HasSubstr("holds a dictionary without tensors: save model.state_dict()"));
  // Of a shard alone some parameters are missing.
  const WeightSearch shard = Search(ReadState(Golden("sharded-00001-of-00002.safetensors")));
  EXPECT_THAT(shard.fits, IsEmpty());
  EXPECT_THAT(shard.nearest->defect, HasSubstr("is missing"));
}

TEST(CheckpointsTest, AnIndexNamesFilesBesideItself) {
  const TempFolder folder;
  const auto refusal = [&](const std::string& index) -> std::string {
    std::ofstream(folder / "w.safetensors.index.json") << index;
    try {
      ReadState(folder / "w.safetensors.index.json");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "read";
  };
  EXPECT_THAT(refusal("{}"), HasSubstr("it has no \"weight_map\""));
  EXPECT_THAT(refusal("[1]"), HasSubstr("it has no \"weight_map\""));
  for (const char* file : {"\"../x\"", "\"/etc/passwd\"", "\"..\"", "\"\"", "3"}) {
    EXPECT_THAT(refusal(fmt::format("{{\"weight_map\": {{\"a\": {}}}}}", file)),
                HasSubstr("a shard must be a file next to the index"));
  }
  EXPECT_THAT(refusal("{\"weight_map\": {\"a\": \"gone.safetensors\"}}"),
              HasSubstr("there is no file"));
  std::filesystem::copy_file(Golden("plain.safetensors"), folder / "here.safetensors");
  EXPECT_THAT(refusal("{\"weight_map\": {\"a\": \"here.safetensors\"}}"),
              HasSubstr("says that 'a' is in here.safetensors, but it is not"));
}

// In kilobytes, as the kernel counts it.
int64_t MostMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(CheckpointsTest, DamagedOnesAreReadOrRefused) {
  const TempFolder folder;
  std::mt19937_64 random(20261129);
  const auto files = GoldenCheckpoints();
  ASSERT_GE(files.size(), 20u);
  const int64_t before = MostMemory();
  int taken = 0;
  for (int i = 0; i < 500; ++i) {
    const auto& seed = files[static_cast<size_t>(i) % files.size()];
    const auto file = folder / seed.filename();
    std::ofstream(file, std::ios::binary) << Mutated(ReadFile(seed), random);
    SCOPED_TRACE(fmt::format("mutation {} of {}", i, seed.string()));
    ASSERT_NO_THROW(taken += ReadsOrRefuses(file) ? 1 : 0);
  }
  EXPECT_GT(taken, 0);    // changes of numbers and of what is beside the weights
  EXPECT_LT(taken, 450);  // the others were seen
  EXPECT_LT(MostMemory() - before, 250 << 10);
}

}  // namespace
}  // namespace zerosweep
