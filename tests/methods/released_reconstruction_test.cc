// The methods of reconstruction against the released codes: BRECQ, QDrop (both branches), GENIE and
// PD-Quant, run unchanged on the same tiny network, with the same images, batches and masks
// (tests/golden/README.md). Methods and presets are taken as they are shipped; only the iterations
// are few, and GENIE's batch small.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/import/safetensors.h"
#include "engine/quant/quantizer.h"
#include "engine/quant/range_estimation.h"
#include "methods/pd_quant/correction.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/released_network.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

using Names = std::set<std::string>;

// Keeps the state after the last step of every unit.
class LastStates : public Checkpoints {
 public:
  std::optional<CheckpointState> Restore() override { return std::nullopt; }
  void MaybeSave(int64_t, const std::function<CheckpointState()>& state) override {
    CheckpointState now = state();
    for (auto& [name, tensor] : now.tensors) tensor = tensor.clone();
    const auto key = [](const CheckpointState& at) {
      return std::pair(at.values.at("phase").get<int>(), at.values.at("unit").get<int>());
    };
    if (states.empty() || key(states.back()) != key(now)) states.emplace_back();
    states.back() = std::move(now);
  }

  std::vector<CheckpointState> states;
};

struct Released {
  const char* golden;  // its name in the golden file
  const char* method;
  const char* preset;
};

Quantization QuantizeAs(const Released& released, const Json& given, int64_t images, int bits,
                        Checkpoints& checkpoints,
                        const std::map<std::string, std::filesystem::path>& inputs = {}) {
  const Teacher teacher = ReleasedTeacher();
  const auto& entry = QuantizerRegistry::Get(released.method);
  const torch::Tensor calibration = ReleasedImages(images);
  const Preset preset = PresetNamed(released.preset);
  QuietProgress progress;
  SoloGroup group;
  return entry.function({.teacher = teacher,
                         .images = calibration,
                         .setting = {preset.protocol, preset.fold_batch_norms, bits, bits},
                         .random = RandomStreams(0),
                         .progress = progress,
                         .checkpoints = checkpoints,
                         .group = group,
                         .inputs = inputs},
                        given);
}

// "round layer1.0": a unit of the golden file as curves name it.
std::string NameOf(const Json& unit) {
  return unit.at("phase").get<std::string>() + " " + unit.at("name").get<std::string>();
}

// An optimiser of the code may hold parameters that no loss reaches (BRECQ's step behind the
// logits): those are no learning.
bool Learns(const Json& unit) { return unit.contains("V") || unit.contains("act_steps"); }

// What the optimisers of a unit hold, without their moments.
std::map<std::string, torch::Tensor> Parameters(const CheckpointState& state) {
  std::map<std::string, torch::Tensor> parameters;
  for (const auto& [name, tensor] : state.tensors) {
    const bool moment = name.ends_with(".exp_avg") || name.ends_with(".exp_avg_sq");
    if (!moment && !name.starts_with("network.")) parameters[name] = tensor;
  }
  return parameters;
}

// Units with a loss curve, by phase: those that are learned.
Names LearnedUnits(const Curves& curves) {
  Names units;
  for (const auto& [name, curve] : curves) {
    if (name.ends_with(" output")) units.insert(name.substr(0, name.rfind(' ')));
  }
  return units;
}

struct Learned {
  Quantization quantization;
  std::vector<CheckpointState> states;  // by learned unit, behind its last step
};

Learned Learn(const Released& released) {
  const Json file = ReleasedReconstruction();
  const Json& iterations = file.at("iterations");
  Json given = {{"iterations", iterations},
                {"batch", file.at("methods").at(released.golden).at("batch")}};
  const std::string method = released.method;
  if (method == "brecq") given["act_iterations"] = iterations;
  const int64_t images = file.at("images");
  const TempFolder temp;
  std::map<std::string, std::filesystem::path> inputs;
  if (method == "pd_quant") {  // its correction as the code has it: 500 steps
    QuietProgress progress;
    NoCheckpoints none;
    inputs["correction"] = temp.path();
    WriteSafetensors(
        temp.path() / "correction.safetensors",
        CorrectInputs(ReleasedTeacher().graph, ReleasedImages(images), {}, progress, none));
  }
  LastStates last;
  Quantization quantization = QuantizeAs(released, given, images, file.at("bits"), last, inputs);
  return {std::move(quantization), std::move(last.states)};
}

// Once for all tests.
const Learned& OursOf(const Released& released) {
  static std::map<std::string, Learned> all;
  if (!all.contains(released.golden)) all.emplace(released.golden, Learn(released));
  return all.at(released.golden);
}

class ReleasedReconstructionTest : public testing::TestWithParam<Released> {
 protected:
  static const Learned& Ours() { return OursOf(GetParam()); }
  static const QuantizedNetwork& Network() { return Ours().quantization.network; }
  static const std::string& NameAt(int node) {
    return Network().graph().nodes[static_cast<size_t>(node)].name;
  }
  // All that some unit learns, of "act_steps" or "weight_steps".
  Names LearnedOf(const char* kind) const {
    Names learned;
    for (const Json& unit : golden_.at("units")) {
      const Json steps = unit.value(kind, Json::object());
      for (const auto& [name, step] : steps.items()) learned.insert(name);
    }
    return learned;
  }

  const Json golden_ = ReleasedReconstruction().at("methods").at(GetParam().golden);
};

void ExpectNear(const torch::Tensor& ours, const Json& expected, double relative, double absolute,
                const std::string& what) {
  const auto wanted = expected.get<std::vector<double>>();
  const torch::Tensor flat = ours.detach().flatten().to(torch::kFloat64).contiguous();
  ASSERT_EQ(flat.numel(), static_cast<int64_t>(wanted.size())) << what;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double tolerance = relative * std::abs(wanted[i]) + absolute;
    EXPECT_NEAR(flat.const_data_ptr<double>()[i], wanted[i], tolerance) << what << " " << i;
  }
}

// Sums of a few thousand float32 products: 1e-5. An error of 1e-7 of an output of size 1 moves a
// squared deviation by 2e-7 of its root.
void ExpectLosses(const Curve& ours, const std::vector<double>& expected, double absolute,
                  const std::string& what) {
  const Json curve = ours.ToJson().at("y");
  ASSERT_EQ(curve.size(), expected.size()) << what;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double tolerance = 1e-5 * expected[i] + 4e-7 * std::sqrt(expected[i]) + absolute;
    EXPECT_NEAR(curve[i].get<double>(), expected[i], tolerance) << what << " " << i;
  }
}

// The search is the code's arithmetic over the code's candidates, of which two neighbours are 1e-2
// apart in s, or 1 in z. Steps that are learned have moved since (below).
TEST_P(ReleasedReconstructionTest, RangesAreTheCodes) {
  const Names learned_weights = LearnedOf("weight_steps"), learned_sites = LearnedOf("act_steps");
  const auto expect = [](const UniformGrid& grid, const Json& expected, bool moved,
                         const std::string& name) {
    EXPECT_EQ(grid.bits, expected.at("bits")) << name;
    ExpectNear(ZeroPointOf(grid), expected.at("z"), 0, 0, name + " z");
    if (!moved) ExpectNear(StepOf(grid), expected.at("s"), 2e-6, 0, name + " s");
  };
  EXPECT_EQ(Network().weights().size(), golden_.at("weights").size());
  for (const auto& [node, weight] : Network().weights()) {
    const std::string& name = NameAt(node);
    expect(weight.grid, golden_.at("weights").at(name), learned_weights.contains(name), name);
  }
  EXPECT_EQ(Network().activations().size(), golden_.at("sites").size());
  for (const QuantizedActivation& activation : Network().activations()) {
    const std::string& name = NameAt(activation.site.node);
    expect(activation.grid, golden_.at("sites").at(name), learned_sites.contains(name), name);
  }
}

TEST_P(ReleasedReconstructionTest, LossesOfEveryStepAreTheCodes) {
  const Curves& curves = Ours().quantization.curves;
  for (const Json& unit : golden_.at("units")) {
    if (!Learns(unit)) continue;
    const auto expect = [&](const std::string& term, double absolute) {
      const std::string name = NameOf(unit) + " " + term;
      auto expected = unit.value(term, std::vector<double>());
      std::erase(expected, 0);  // before the rounding loss begins, there is none here
      EXPECT_EQ(curves.contains(name), !expected.empty()) << name;
      if (!expected.empty()) ExpectLosses(curves.at(name), expected, absolute, name);
    };
    expect("output", 0);
    expect("rounding", 0);
    // The divergence is a difference of logarithms known to 1e-7, divided by the code's 0.1.
    expect("extra", 2e-6);
  }
}

// V begins at a fraction of w/s, which float32 knows to 2^bits · 6e-8, times a slope of up to 11.
// From there Adam forgets the size of a gradient: its sign is no noise here, for no V differs by
// more than 2e-6 between instruction sets (tests/golden/README.md).
double RoundingTolerance(int bits) { return 5e-6 + 1.3e-6 * std::pow(2, bits); }

TEST_P(ReleasedReconstructionTest, WhatIsLearnedIsTheCodes) {
  size_t at = 0;
  for (const Json& unit : golden_.at("units")) {
    if (!Learns(unit)) continue;
    ASSERT_LT(at, Ours().states.size());
    const std::map<std::string, torch::Tensor> learned = Parameters(Ours().states[at++]);
    const Json rounding = unit.value("V", Json::object());
    const Json weight_steps = unit.value("weight_steps", Json::object());
    const Json act_steps = unit.value("act_steps", Json::object());
    EXPECT_EQ(learned.size(), rounding.size() + weight_steps.size() + act_steps.size());
    // Relative: the search. Absolute: a hundredth of a step of Adam.
    const auto expect_step = [&](size_t group, size_t i, const Json& steps,
                                 const std::string& name) {
      ExpectNear(learned.at(fmt::format("steps.{}.{}", group, i)), steps.at(name), 2e-6, 4e-7,
                 NameOf(unit) + " s of " + name);
    };
    size_t i = 0;
    for (const auto& [node, weight] : Network().weights()) {
      const std::string& name = NameAt(node);
      if (!rounding.contains(name)) continue;
      ExpectNear(learned.at(fmt::format("rounding.0.{}", i)), rounding.at(name), 0,
                 RoundingTolerance(weight.grid.bits), NameOf(unit) + " V of " + name);
      if (!weight_steps.empty()) expect_step(i, 0, weight_steps, name);
      ++i;
    }
    i = 0;
    for (const QuantizedActivation& activation : Network().activations()) {
      const std::string& name = NameAt(activation.site.node);
      if (act_steps.contains(name)) expect_step(weight_steps.size(), i++, act_steps, name);
    }
  }
  EXPECT_EQ(at, Ours().states.size());
}

TEST_P(ReleasedReconstructionTest, TheUnitsThatLearnAreTheCodes) {
  Names expected;
  for (const Json& unit : golden_.at("units"))
    if (Learns(unit)) expected.insert(NameOf(unit));
  EXPECT_EQ(LearnedUnits(Ours().quantization.curves), expected);
}

constexpr Released kBrecq{"brecq", "brecq", "brecq_released"};
constexpr Released kQDrop{"qdrop", "qdrop", "qdrop"};
// The code of the paper, whose ranges are searched unit by unit, as PD-Quant's.
constexpr Released kQDropMaster{"qdrop_master", "qdrop", "pd_quant"};
constexpr Released kGenie{"genie", "genie_m", "genie"};
constexpr Released kPdQuant{"pd_quant", "pd_quant", "pd_quant"};

INSTANTIATE_TEST_SUITE_P(Codes, ReleasedReconstructionTest,
                         testing::Values(kBrecq, kQDrop, kQDropMaster, kGenie, kPdQuant),
                         [](const auto& info) { return std::string(info.param.golden); });

// Of every method, under its own preset. The units are read off the codes: BRECQ quant_model.py:62
// and main_imagenet.py:204; QDrop solver/main_imagenet.py:101, of branch master
// main_imagenet.py:239; GENIE reconstruct.py:181; PD-Quant main_imagenet.py:235.
TEST(ReleasedReconstructionTest, EveryMethodLearnsTheUnitsOfItsReference) {
  const Names all = {"reconstruct conv1", "reconstruct layer1.0", "reconstruct fc"};
  const std::vector<std::pair<Released, Names>> codes = {
      {kBrecq, {"round layer1.0", "round fc", "steps layer1.0"}},
      {kQDrop, all},
      {kQDropMaster, all},
      {kGenie, all},
      {kPdQuant, all}};
  for (const auto& [released, units] : codes)
    EXPECT_EQ(LearnedUnits(OursOf(released).quantization.curves), units) << released.golden;
  // AdaRound learns every layer (its paper, section 5); AQuant is a design after QDrop.
  const std::vector<std::pair<Released, Names>> papers = {
      {{"", "adaround", "brecq"},
       {"round conv1", "round layer1.0.conv1", "round layer1.0.conv2", "round fc"}},
      {{"", "aquant", "aquant"}, all}};
  for (const auto& [released, units] : papers) {
    NoCheckpoints none;
    const Json given = {{"iterations", 1}, {"batch", 4}};
    EXPECT_EQ(LearnedUnits(QuantizeAs(released, given, 8, 2, none).curves), units)
        << released.method;
  }
}

// tests/golden/fill.py fed the codes with these draws.
TEST(ReleasedReconstructionTest, TheDrawsAreThisProjectsStreams) {
  const Json draws = ReleasedReconstruction().at("draws");
  const RandomStreams random(draws.at("seed"));
  const uint64_t step = draws.at("step");
  const std::string purpose = draws.at("purpose");
  RandomSequence below = random.Shared(step, purpose);
  for (const Json& expected : draws.at("below_32")) EXPECT_EQ(below.Below(32), expected);
  const auto keep = draws.at("keep").get<std::vector<std::vector<int>>>();
  const torch::Tensor like = torch::empty({2, 40});
  const torch::Tensor ours = random.KeepForSamples(step, purpose, like, 0.5);
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < 40; ++j)
      EXPECT_EQ(ours[i][j].item<int>(), keep[static_cast<size_t>(i)][static_cast<size_t>(j)]);
}

}  // namespace
}  // namespace zerosweep
