// Every limit that the catalogue declares refuses a trial when it is planned: one line with the
// place, the method, the network and what to do, exit code 2, and nothing left behind. The cases
// are held to the catalogue: none is missing, and each meets its own limit.
#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "contract/declaration.h"
#include "tests/support/command_line.h"

namespace zerosweep {
namespace {

struct Refused {
  std::string name;   // of the declaration
  size_t limit = 0;   // its place there
  std::string arch;   // on CIFAR-10
  std::string lines;  // of the trial, each with two spaces in front
  int64_t side = 0;   // of images in a folder instead of CIFAR-10
  std::string bits = "w4a4";
};

std::string Joint(const std::string& name, const std::string& params) {
  return "  method: {recipe: " + name + ", quantize: {" + params + "}}\n";
}
std::string OnNoise(const std::string& quantizer, const std::string& params) {
  return "  synthesizer: noise\n  quantizer: {" + quantizer + ": {" + params + "}}\n";
}
std::string Made(const std::string& synthesizer, const std::string& params = "") {
  return "  quantizer: minmax\n  synthesizer: {" + synthesizer + ": {" + params + "}}\n";
}
const std::string kOwnOnRelu = "  protocol: {act_placement: relu, shortcut: own}\n";
const std::string kFullOnOutputs = "  protocol: {act_placement: op_output, shortcut: fp}\n";

void AddSynthesizers(std::vector<Refused>& all) {
  for (const char* name : {"zeroq", "dsg", "genie_d", "intraq"})
    all.push_back({name, 0, "vgg16", Made(name)});
  for (const char* name : {"zeroq", "dsg"}) all.push_back({name, 1, "resnet18", Made(name)});
  all.push_back({"genie_d", 1, "resnet18", Made("genie_d"), 16});
}

void AddJointMethods(std::vector<Refused>& all) {
  for (const char* name : {"gdfq", "qimera", "clusterq", "fdda"}) {
    all.push_back({name, 0, "vgg16", Joint(name, "")});
    all.push_back({name, 1, "resnet18", Joint(name, "calibration: 9, warm_up: 8")});
    all.push_back({name, 2, "resnet18", Joint(name, "calibration: 0")});
    all.push_back({name, 3, "resnet18", Joint(name, "batch: 2, ranks: 4")});
  }
  all.push_back({"qimera", 4, "resnet18", Joint("qimera", "embedding: frozen, latents: 100")});
  all.push_back({"clusterq", 4, "resnet18", Joint("clusterq", "class_batch: 2, ranks: 4")});
  all.push_back({"clusterq", 5, "resnet18", Joint("clusterq", "centroid_images: 2, ranks: 4")});
  all.push_back({"fdda", 4, "resnet18", Joint("fdda", "class_batch: 2, ranks: 4")});
  all.push_back({"fdda", 5, "resnet18", Joint("fdda", "real_images: 2, ranks: 4")});
}

void AddFineTuning(std::vector<Refused>& all) {
  const char* name = "finetune";
  all.push_back({name, 0, "resnet18", OnNoise(name, "falls: \"0.5; 0.7\"")});
  all.push_back({name, 1, "resnet18", OnNoise(name, "labels: asked")});
  all.push_back({name, 2, "mobilenetv2_tv",
                 OnNoise(name, "activations: pact") + "  protocol: {act_placement: op_input}\n"});
  all.push_back({name, 3, "vgg16", OnNoise(name, "ranges_from: generator")});
  all.push_back({name, 4, "resnet18", OnNoise(name, "batch: 2, ranks: 4")});
  all.push_back(
      {name, 5, "resnet18", OnNoise(name, "ranges_from: generator, generator_batch: 2, ranks: 4")});
}

void AddReconstructions(std::vector<Refused>& all) {
  for (const char* name : {"adaround", "aquant", "brecq", "genie_m", "qdrop"}) {
    all.push_back({name, 0, "resnet18", OnNoise(name, "units: relu7 fc")});
    all.push_back({name, 1, "resnet18", OnNoise(name, "units: layer1.0.relu2 fc, stem: skip")});
    all.push_back({name, 2, "resnet18", OnNoise(name, "units: blocks") + kOwnOnRelu});
    all.push_back({name, 3, "resnet18", OnNoise(name, "units: blocks") + kFullOnOutputs});
  }
  all.push_back({"aquant", 4, "resnet18", OnNoise("aquant", "border: element")});
  const char* name = "pd_quant";
  all.push_back({name, 0, "vgg16", OnNoise(name, "")});
  all.push_back({name, 1, "resnet18", OnNoise(name, "")});
  all.push_back({name, 2, "resnet20_cifar_a", OnNoise(name, "units: layers")});
  all.push_back({name, 3, "resnet20_cifar_a", OnNoise(name, "max_unit_macs: 1000")});
  all.push_back({name, 4, "resnet20_cifar_a", OnNoise(name, "") + kOwnOnRelu});
  all.push_back({name, 5, "resnet20_cifar_a", OnNoise(name, "") + kFullOnOutputs});
}

void AddNetworks(std::vector<Refused>& all) {
  all.push_back({"inceptionv3", 0, "inceptionv3", "  method: noise\n"});
  for (const char* name : {"vgg16", "vgg16_bn"})
    all.push_back({name, 0, name, "  method: noise\n", 16});
  all.push_back({"sqnxt23_w2", 0, "sqnxt23_w2", "  method: noise\n", 8});
  all.push_back({"shufflenetv2_cv", 0, "shufflenetv2_cv", "  method: noise\n", 2});
}

void AddIntegerEvaluation(std::vector<Refused>& all) {
  const std::string lines = "  evaluate: {integer: true}\n";
  all.push_back({"evaluate", 0, "resnet18", lines + "  method: noise\n", 0, "w4a32"});
  all.push_back({"evaluate", 1, "resnet18", lines + "  method: noise\n", 0, "w32a4"});
  all.push_back(
      {"evaluate", 2, "resnet18",
       lines + OnNoise("aquant", "border: element") + "  protocol: {act_placement: op_input}\n"});
  all.push_back({"evaluate", 3, "resnet18",
                 "  evaluate: {integer: true, form: exported}\n  method: noise\n", 0, "w4a4"});
}

std::vector<Refused> Cases() {
  std::vector<Refused> all;
  AddSynthesizers(all);
  AddJointMethods(all);
  AddFineTuning(all);
  AddReconstructions(all);
  AddNetworks(all);
  AddIntegerEvaluation(all);
  return all;
}

std::string SweepOf(const Refused& refused) {
  const bool folder = refused.side > 0;
  return fmt::format(
      "name: t\ndata: data\nfixed:\n"
      "  model: {{file: tiny.safetensors, arch: {}, dataset: {}, "
      "normalisation: {{mean: [0, 0, 0], std: [1, 1, 1]}}}}\n"
      "  bits: {}\n{}{}",
      refused.arch, folder ? "image_folder" : "cifar10", refused.bits,
      folder ? fmt::format("  protocol: {{eval_crop: {}}}\n", refused.side) : "", refused.lines);
}

// A pattern of the message with any value for "{param.batch}".
std::regex PatternOf(const std::string& message) {
  const std::regex special(R"([.()\[\]*+?^$|\\])");
  const std::string plain = std::regex_replace(message, special, R"(\$&)");
  return std::regex(".*" + std::regex_replace(plain, std::regex(R"(\{[a-z_\\.]+\})"), "[^{}]+") +
                    "\n");
}

// Declarations by name: none of two roles share one.
std::map<std::string, std::vector<Limit>> LimitsByName(const CommandLine& line) {
  const Finished described =
      line.StartProgram({BuildFolder() + "/bin/zerosweep-stage", "--describe"})->Wait();
  const Declarations declarations = DeclarationsFromJson(described.json());
  std::map<std::string, std::vector<Limit>> limits;
  for (const auto& [role, entries] : declarations.by_role)
    for (const Declaration& entry : entries)
      if (!entry.limits.empty()) limits[entry.name] = entry.limits;
  return limits;
}

TEST(MethodLimitsTest, EachRefusesATrialWhenItIsPlanned) {
  const CommandLine line;
  line.Write("data/val/a/0.png", "image");
  const auto limits = LimitsByName(line);
  for (const Refused& refused : Cases()) {
    SCOPED_TRACE(fmt::format("{} limit {}\n{}", refused.name, refused.limit, SweepOf(refused)));
    const Limit& limit = limits.at(refused.name).at(refused.limit);
    line.Write("sweep.yaml", SweepOf(refused));
    const Finished plan = line.Do({"plan", line / "sweep.yaml"});
    EXPECT_EQ(plan.code, 2);
    EXPECT_EQ(plan.out, "");
    EXPECT_THAT(plan.err, testing::StartsWith("zerosweep: "));
    EXPECT_THAT(plan.err, testing::HasSubstr("sweep.yaml:"));
    EXPECT_THAT(plan.err, testing::HasSubstr(refused.name));
    EXPECT_THAT(plan.err, testing::HasSubstr(refused.arch + ": "));
    EXPECT_TRUE(std::regex_match(plan.err, PatternOf(limit.message))) << plan.err;
  }
  EXPECT_FALSE(std::filesystem::exists(line.home()));
}

TEST(MethodLimitsTest, NoneOfTheCatalogueIsWithoutACase) {
  std::set<std::pair<std::string, size_t>> declared, tried;
  for (const auto& [name, limits] : LimitsByName(CommandLine()))
    for (size_t i = 0; i < limits.size(); ++i) declared.emplace(name, i);
  for (const Refused& refused : Cases()) tried.emplace(refused.name, refused.limit);
  EXPECT_EQ(tried, declared);
}

// The facts that they ask for exist: a misspelt one would refuse nothing.
TEST(MethodLimitsTest, RefuseNothingThatPapersDo) {
  const CommandLine line;
  for (const char* arch : {"resnet20_cifar_a", "resnet20_cifar_b"}) {
    for (const char* lines :
         {"  method: intraq\n", "  method: qimera\n", "  method: genie\n", "  method: pd_quant\n",
          "  method: {recipe: brecq, quantize: {units: bn1 linear}}\n",
          "  synthesizer: {dsg: {ce_weight: 2}}\n  quantizer: {finetune: {labels: asked}}\n",
          "  synthesizer: noise\n  quantizer: {finetune: {activations: pact, falls: \"0.5, "
          "1\"}}\n"}) {
      Refused allowed{"", 0, arch, lines};
      line.Write("sweep.yaml", SweepOf(allowed));
      const Finished plan = line.Do({"plan", line / "sweep.yaml", "--no-check"});
      EXPECT_EQ(plan.code, 0) << lines << plan.err;
    }
  }
}

}  // namespace
}  // namespace zerosweep
