// The joint methods: the same on one rank and on several, resumed bit for bit, and each term as its
// paper or code has it.
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/joint/joint_training.h"
#include "engine/optim/optimiser.h"
#include "engine/quant/quantizer.h"
#include "methods/clusterq/clusterq.h"
#include "methods/fdda/fdda.h"
#include "methods/qimera/qimera.h"
#include "tests/support/memory_checkpoints.h"
#include "tests/support/quiet_progress.h"
#include "tests/support/state_on_ranks.h"
#include "tests/support/tiny_network.h"

namespace zerosweep {
namespace {

Teacher TeacherOf(torch::ScalarType type) {
  Teacher teacher = TinyTeacher();
  for (Node& node : teacher.graph.nodes)
    for (auto& [name, tensor] : node.parameters) tensor = tensor.to(type);
  return teacher;
}

// Most are of the class that the teacher sees in them; every class is there.
Dataset RealImages(const Teacher& teacher) {
  torch::manual_seed(5);
  const torch::Tensor images = torch::randint(256, {24, 3, 8, 8}).to(torch::kUInt8);
  const torch::Tensor seen =
      Run(teacher.graph, Normalise(images, teacher.mean, teacher.std).to(teacher.options()))
          .argmax(1);
  return {.name = "tiny",
          .split = "calibration",
          .images = ImagesInMemory(images),
          .labels = torch::cat({seen.slice(0, 0, 20), torch::arange(4)}),
          .classes = 4};
}

// What a method is run with, and everything that it needs to live as long.
struct Case {
  explicit Case(const std::string& name, const Json& given = Json::object(),
                torch::ScalarType type = torch::kFloat32)
      : entry(QuantizerRegistry::Get("quantizer", name)),
        teacher(TeacherOf(type)),
        real(RealImages(teacher)) {
    Json all = {{"batch", 8},       {"warm_up", 3},    {"iterations", 4},
                {"calibration", 3}, {"snapshots", 2},  {"heldout", 8},
                {"lr", 0.01},       {"momentum", 0.9}, {"latents", 6}};
    if (name == "clusterq")
      all.update({{"class_batch", 6}, {"centroids_from", 2}, {"epoch", 2}, {"centroid_images", 6}});
    if (name == "fdda") all.update({{"class_batch", 6}, {"real_images", 20}, {"any_class", 2}});
    all.update(given);
    params = CompleteParams(entry.declaration, all);
  }

  QuantizationContext Context(Group& group, Checkpoints& checkpoints) {
    return {teacher,          images,   params,      protocol, false, 4,  4,
            RandomStreams(3), progress, checkpoints, group,    {},    {}, &real};
  }
  Quantization Run(Group& group, Checkpoints& checkpoints) {
    return entry.function(Context(group, checkpoints));
  }

  const QuantizerRegistry::Entry& entry;
  Teacher teacher;
  Json params;
  torch::Tensor images;
  Dataset real;
  Protocol protocol;
  QuietProgress progress;
};

TrainingState StateAfter(const std::string& name, const Json& given, torch::ScalarType type,
                         int ranks, int64_t steps) {
  const Case shared(name, given, type);  // made once: its random numbers are of one generator
  return StateOnRanks(ranks, steps, [&](Group& group, Checkpoints& checkpoints) {
    Case one = shared;
    one.teacher.graph = shared.teacher.graph.Clone();
    one.Run(group, checkpoints);
  });
}

class JointTest : public testing::TestWithParam<const char*> {
 protected:
  // The student is trained from the first step on.
  static Json Early(int64_t steps) {
    return {{"warm_up", 1}, {"calibration", 1}, {"iterations", steps}, {"centroids_from", 1}};
  }
  // Of each gradient, relative to its norm.
  static std::map<std::string, double> Limits(const TrainingState& state) {
    std::map<std::string, double> limits;
    for (const auto& [key, tensor] : state)
      if (key.ends_with(".exp_avg")) limits[key] = key.ends_with(".11.exp_avg") ? 2e-3 : 1e-4;
    return limits;
  }
  Json Given(Json all) const {
    if (std::string(GetParam()) != "clusterq") all.erase("centroids_from");
    return all;
  }
};

TEST_P(JointTest, SeveralRanksComputeWhatOneDoesInDouble) {
  for (const int ranks : {2, 4}) {
    for (const auto& [steps, limit] : {std::pair{2, 1e-10}, {20, 1e-8}}) {
      const Json given = Given(Early(steps));
      const auto one = StateAfter(GetParam(), given, torch::kFloat64, 1, steps);
      const auto several = StateAfter(GetParam(), given, torch::kFloat64, ranks, steps);
      EXPECT_LT(Difference(one, several), limit) << ranks << " ranks, " << steps << " steps";
    }
  }
}

// After one step, Adam's first average is the gradient. That of the last convolution's bias (11) is
// a small difference of large sums: what tanh lets through, a batch norm takes away.
TEST_P(JointTest, SeveralRanksHaveTheGradientsOfOneInFloat) {
  for (const int ranks : {2, 4}) {
    const Json given = Given(Early(2));
    const auto one = StateAfter(GetParam(), given, torch::kFloat32, 1, 1);
    const auto several = StateAfter(GetParam(), given, torch::kFloat32, ranks, 1);
    for (const auto& [key, limit] : Limits(one))
      EXPECT_LT(Difference(one, several, key), limit) << key << " on " << ranks;
    EXPECT_LT(Difference(one, several, "generator_loss.curve"), 1e-5) << ranks;
  }
}

TEST_P(JointTest, SamplesAndScoresAreThoseOfOneRank) {
  const Case shared(GetParam(), Given(Early(1)), torch::kFloat64);
  const auto result_of = [&](Group& group) {
    Case one = shared;
    one.teacher.graph = shared.teacher.graph.Clone();
    NoCheckpoints none;
    return one.Run(group, none);
  };
  SoloGroup alone;
  const Quantization expected = result_of(alone);
  EXPECT_EQ(expected.samples.size(0), 8);
  RunRanks(2, [&](Group& group) {
    const Quantization several = result_of(group);
    EXPECT_TRUE(torch::allclose(several.samples, expected.samples, 1e-8, 1e-8));
    for (const auto& [name, value] : expected.metrics)
      EXPECT_NEAR(several.metrics.at(name), value, 1e-8 * std::abs(value)) << name;
  });
}

TEST_P(JointTest, AnInterruptedTrainingGoesOnBitForBit) {
  Case one(GetParam());
  SoloGroup alone;
  NoCheckpoints none;
  const auto expected = one.Run(alone, none);
  for (const int64_t cut : {2, 5}) {
    const auto again =
        CutAndResume(cut, [&](Checkpoints& checkpoints) { return one.Run(alone, checkpoints); });
    const auto state = expected.network.State(), resumed = again.network.State();
    ASSERT_EQ(state.size(), resumed.size());
    for (const auto& [key, tensor] : state)
      EXPECT_TRUE(torch::equal(tensor, resumed.at(key))) << key << " cut at " << cut;
    EXPECT_TRUE(torch::equal(expected.samples, again.samples));
    EXPECT_EQ(expected.metrics, again.metrics);
    ASSERT_EQ(again.snapshots.size(), 3U);  // untrained, and two
    EXPECT_EQ(again.snapshots[1].step, 2);
  }
}

TEST_P(JointTest, TheGeneratorLearnsWhatItIsAskedFor) {
  Case one(GetParam(), {{"batch", 16}, {"warm_up", 100}, {"calibration", 5}, {"iterations", 0}});
  SoloGroup alone;
  NoCheckpoints none;
  const Quantization result = one.Run(alone, none);
  EXPECT_LT(result.metrics.at("final_generator_loss"),
            0.95 * result.metrics.at("initial_generator_loss"));
  EXPECT_EQ(result.samples.size(0), 8);
  EXPECT_EQ(result.snapshots.size(), 1U);
}

TEST_P(JointTest, NeedsCalibrationBeforeTheStudent) {
  SoloGroup alone;
  NoCheckpoints none;
  Case never(GetParam(), {{"calibration", 0}});
  try {
    never.Run(alone, none);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), "configuration");
    EXPECT_STREQ(error.what(),
                 "the student's activation ranges are never calibrated: calibration is 0");
  }
  Case late(GetParam(), {{"calibration", 9}});
  EXPECT_THROW(late.Run(alone, none), Error);
}

TEST_P(JointTest, ALossThatIsNotFiniteIsToldByName) {
  Case one(GetParam(), {{"lr_generator", 1e30}});
  SoloGroup alone;
  NoCheckpoints none;
  try {
    one.Run(alone, none);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), "non_finite") << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, JointTest, testing::Values("gdfq", "qimera", "clusterq", "fdda"),
                         [](const auto& info) { return std::string(info.param); });

// --- ClusterQ --------------------------------------------------------------------------------

struct Alone {
  SoloGroup group;
  NoCheckpoints checkpoints;
};

std::vector<Moments> SomeMoments(const Teacher& teacher, bool gradient) {
  std::vector<Moments> moments;
  for (const Moments& of : RunningMoments(teacher.graph)) {
    moments.push_back({(of.mean + torch::randn_like(of.mean)).set_requires_grad(gradient),
                       (of.variance + torch::rand_like(of.variance)).set_requires_grad(gradient)});
  }
  return moments;
}

TEST(ClusterQTest, TheReleasedDiversityHasNoGradient) {
  torch::manual_seed(1);
  Case one("clusterq", {{"objective", "released"}}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const ClusterQ method(context);
  const std::vector<Moments> moments = SomeMoments(one.teacher, true);
  const torch::Tensor diversity = method.ReleasedDiversity(7, moments);
  EXPECT_GT(diversity.item<double>(), 0);
  diversity.backward();
  for (const Moments& of : moments) {
    EXPECT_LT(of.mean.grad().abs().max().item<double>(), 1e-15);
    EXPECT_LT(of.variance.grad().abs().max().item<double>(), 1e-15);
  }
}

// As the code's two loops have it.
TEST(ClusterQTest, TheReleasedMismatchDividesInsideItsLoop) {
  torch::manual_seed(2);
  Case one("clusterq", {{"objective", "released"}, {"batch", 3}}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const ClusterQ method(context);
  const std::vector<Moments> moments = SomeMoments(one.teacher, false);
  const std::vector<Moments> running = RunningMoments(one.teacher.graph);
  const double layers = 2;
  double loss = 0;
  for (int image = 0; image < 3; ++image) {
    for (size_t l = 0; l < 2; ++l) {
      loss += (moments[l].mean - running[l].mean).square().mean().item<double>() +
              (moments[l].variance - running[l].variance).square().mean().item<double>();
      loss /= layers;
    }
  }
  EXPECT_NEAR(method.ReleasedMismatch(moments).item<double>(), loss, 1e-12 * loss);
}

TEST(ClusterQTest, CentroidsAreMadeOfAcceptedImagesAndMove) {
  Case one("clusterq", {{"centroid_rate", 0.25}});
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  ClusterQ method(context);
  method.EndStep(0);  // one step is done, centroids_from is 2
  for (const auto& centroid : method.centroids()) EXPECT_TRUE(centroid.empty());
  method.EndStep(1);
  const Centres first = method.centroids();
  int made = 0;
  const std::vector<Moments> running = RunningMoments(one.teacher.graph);
  for (const auto& centroid : first) {
    if (centroid.empty()) continue;
    ++made;
    EXPECT_FALSE(torch::allclose(centroid[0].mean, running[0].mean)) << "not the running ones";
  }
  EXPECT_GT(made, 0);
  method.EndStep(2);  // not an epoch's end
  method.EndStep(3);
  for (size_t label = 0; label < first.size(); ++label) {
    if (first[label].empty()) continue;
    EXPECT_FALSE(torch::equal(first[label][0].mean, method.centroids()[label][0].mean));
  }
}

// --- FDDA ------------------------------------------------------------------------------------

TEST(FddaTest, TheDeeperHalfBeginsAsInTheCode) {
  for (const auto& [norms, first] : {std::pair{20, 8}, {27, 12}, {52, 24}, {53, 25}, {2, 0}})
    EXPECT_EQ(FirstDeepNorm(static_cast<size_t>(norms)), static_cast<size_t>(first));
}

TEST(FddaTest, TheCosineReturns) {
  const RateSchedule rate{.shape = "cosine", .total = 70000, .period = 20000};
  for (const auto& [step, factor] :
       {std::pair{0, 1.0}, {20000, 0.0}, {40000, 1.0}, {60000, 0.0}, {70000, 0.5}})
    EXPECT_NEAR(rate.Factor(step), factor, 1e-12) << step;
}

TEST(FddaTest, CentresAreTheMomentsOfOneImage) {
  Case one("fdda", {}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Fdda method(context);
  ASSERT_EQ(method.centres().size(), 4U);
  for (int64_t label = 0; label < 4; ++label) {
    // Some image of the class has these moments.
    bool found = false;
    for (int64_t image = 0; image < 24; ++image) {
      const torch::Tensor x =
          Normalise(one.real.Images(image, image + 1), one.teacher.mean, one.teacher.std)
              .to(torch::kFloat64);
      const auto pass = RunTeacher(with.group, one.teacher.graph, x, "test");
      found |=
          torch::equal(pass.moments[1].mean, method.centres()[static_cast<size_t>(label)][1].mean);
    }
    EXPECT_TRUE(found) << label;
  }
}

TEST(FddaTest, AClassWithoutRealImageIsNamed) {
  Case one("fdda");
  one.real.labels = torch::arange(24) % 3;  // no 3
  Alone with;
  try {
    one.Run(with.group, with.checkpoints);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), "configuration");
    EXPECT_STREQ(error.what(),
                 "fdda takes one real image of each class, but the calibration images of tiny hold "
                 "none of class 3");
  }
}

TrainingBatch EightGenerated() {
  return {torch::randn({8, 3, 8, 8}), torch::full({8, 4}, 0.25), torch::zeros({8, 4}), 8};
}

TEST(FddaTest, TheStudentSeesRealImagesToo) {
  Case one("fdda");
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  Fdda method(context);
  const TrainingBatch generated = EightGenerated();
  const TrainingBatch batch = method.ForStudent(3, generated);
  EXPECT_EQ(batch.images.size(0), 16);
  EXPECT_EQ(batch.count, 16);
  EXPECT_TRUE(torch::equal(batch.labels.slice(0, 0, 8), generated.labels));
  EXPECT_TRUE(torch::equal(batch.labels.slice(0, 8).sum(1), torch::ones(8)));
  EXPECT_TRUE(torch::allclose(batch.targets, zerosweep::Run(one.teacher.graph, batch.images)));
}

TEST(FddaTest, TheImagesOfTheCentresComeFirst) {
  Case one("fdda", {{"real_images", 4}});  // as many as classes
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  Fdda method(context);
  const TrainingBatch batch = method.ForStudent(3, EightGenerated());
  EXPECT_TRUE(torch::equal(batch.labels.slice(0, 8).sum(0), torch::ones(4))) << "one of each class";
}

// --- Qimera ----------------------------------------------------------------------------------

TEST(QimeraTest, LabelsSumToOneAlsoWhereClassesMeet) {
  Case one("qimera", {{"mixed_classes", 9}});
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Qimera method(context);
  const Superposition mix = method.Superpose(1, {0, 12});
  EXPECT_EQ(mix.classes.size(1), 9);  // of 4 classes: some meet
  const torch::Tensor labels = method.LabelsOf(mix);
  EXPECT_TRUE(torch::allclose(labels.sum(1), torch::ones(12)));
  float first = 0;
  for (int64_t k = 0; k < 9; ++k)
    if (mix.classes[0][k].item<int64_t>() == mix.classes[0][0].item<int64_t>())
      first += mix.weights[0][k].item<float>();
  EXPECT_NEAR(labels[0][mix.classes[0][0].item<int64_t>()].item<float>(), first, 1e-6);
}

TEST(QimeraTest, PlainEmbeddingsAreStandardisedOneByOneMixedOnesSlotBySlot) {
  Case one("qimera", {{"mixed_classes", 3}}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Qimera method(context);
  const torch::Tensor plain =
      method.Embed(1, {0, 12}, torch::zeros({12, 1}, torch::kInt64), /*superposed=*/false);
  EXPECT_LT(plain.mean(2).abs().max().item<double>(), 1e-12);
  const torch::Tensor mixed =
      method.Embed(1, {0, 12}, torch::zeros({12, 3}, torch::kInt64), /*superposed=*/true);
  EXPECT_LT(mixed.mean(at::IntArrayRef{0, 2}).abs().max().item<double>(), 1e-12);
  EXPECT_GT(mixed.mean(2).abs().max().item<double>(), 1e-3) << "not image by image";
}

TEST(QimeraTest, SwitchesChooseMappingEmbeddingAndNorms) {
  Alone with;
  const auto parameters = [&](const Json& given) {
    Case one("qimera", given);
    const QuantizationContext context = one.Context(with.group, with.checkpoints);
    return Qimera(context).Parameters().size();
  };
  const size_t whole = parameters({});
  EXPECT_EQ(parameters({{"disentangle", false}}), whole - 2);
  EXPECT_EQ(parameters({{"embedding", "classifier"}, {"latents", 0}}), whole);
  EXPECT_EQ(parameters({{"embedding", "frozen"}, {"latents", 0}}), whole - 1);
  // With conditional norms, the released mean makes images of many classes paler.
  const auto images = [&](const char* mix) {
    Case one("qimera", {{"conditioning", "norms"},
                        {"conditional_mix", mix},
                        {"superposed", 1},
                        {"mixed_classes", 50}});
    const QuantizationContext context = one.Context(with.group, with.checkpoints);
    return Qimera(context).Generate(0, {0, 12}).images.detach();
  };
  EXPECT_GT(images("sum").std().item<double>(), 0.5);
  EXPECT_LT(images("mean").std().item<double>(), 0.5 * images("sum").std().item<double>());
}

}  // namespace
}  // namespace zerosweep
