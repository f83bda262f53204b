#include "methods/fdda/fdda.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/optim/optimiser.h"
#include "tests/support/engine/generative_case.h"
#include "tests/support/error_message.h"

namespace zerosweep {
namespace {

TEST(FddaTest, TheDeeperHalfBeginsAsInTheCode) {
  for (const auto& [norms, first] : {std::pair{20, 8}, {27, 12}, {52, 24}, {53, 25}, {2, 0}})
    EXPECT_EQ(FirstDeepNorm(static_cast<size_t>(norms)), static_cast<size_t>(first));
}

TEST(FddaTest, TheCosineReturns) {
  const RateSchedule rate{.shape = RateSchedule::Shape::kCosine, .total = 70000, .period = 20000};
  for (const auto& [step, factor] :
       {std::pair{0, 1.0}, {20000, 0.0}, {40000, 1.0}, {60000, 0.0}, {70000, 0.5}})
    EXPECT_NEAR(rate.Factor(step), factor, 1e-12) << step;
}

TEST(FddaTest, CentresAreTheMomentsOfOneImage) {
  GenerativeCase one("fdda", {}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Fdda method(context, FddaParams().Read("fdda", one.params));
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

// Of a thousand classes they take minutes, and a stage that says nothing counts as hung.
TEST(FddaTest, TheCentresTellOfEveryClass) {
  GenerativeCase one("fdda");
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const Fdda method(context, FddaParams().Read("fdda", one.params));
  EXPECT_EQ(one.progress.reports["classes"], 4);
}

TEST(FddaTest, AClassWithoutRealImageIsNamed) {
  GenerativeCase one("fdda");
  one.real.labels = torch::arange(24) % 3;  // no 3
  Alone with;
  try {
    one.Run(with.group, with.checkpoints);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.failure(), Failure::kConfiguration);
    EXPECT_STREQ(error.what(),
                 "fdda takes one real image of each class, but the calibration images of tiny hold "
                 "none of class 3");
  }
}

TEST(FddaTest, ImagesWithoutClassesAreRefused) {
  GenerativeCase one("fdda");
  one.real.labels = torch::Tensor();
  Alone with;
  EXPECT_EQ(ErrorMessage(ErrorKind::kTrial, [&] { one.Run(with.group, with.checkpoints); }),
            "fdda takes real images of each class, but the calibration images of tiny have no "
            "classes: name them with their classes in a list");
}

TrainingBatch EightGenerated() {
  return {torch::randn({8, 3, 8, 8}), torch::full({8, 4}, 0.25), torch::zeros({8, 4}), 8};
}

TEST(FddaTest, TheStudentSeesRealImagesToo) {
  GenerativeCase one("fdda");
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  Fdda method(context, FddaParams().Read("fdda", one.params));
  const TrainingBatch generated = EightGenerated();
  const TrainingBatch batch = method.ForStudent(3, generated);
  EXPECT_EQ(batch.images.size(0), 16);
  EXPECT_EQ(batch.count, 16);
  EXPECT_TRUE(torch::equal(batch.labels.slice(0, 0, 8), generated.labels));
  EXPECT_TRUE(torch::equal(batch.labels.slice(0, 8).sum(1), torch::ones(8)));
  EXPECT_TRUE(torch::allclose(batch.targets, zerosweep::Run(one.teacher.graph, batch.images)));
}

// By default, under every profile, the student sees the images of the centres alone.
TEST(FddaTest, TheStudentSeesOneRealImageOfEachClassUnlessMoreAreAsked) {
  const ParamSpec* real = nullptr;
  const auto& declared = QuantizerRegistry::Get("fdda").declaration.params;
  for (const ParamSpec& param : declared)
    if (param.name == "real_images") real = &param;
  ASSERT_NE(real, nullptr);
  EXPECT_EQ(real->default_value, 0);
  EXPECT_TRUE(real->profiles.empty() && real->variants.empty());
  for (const auto& [asked, seen] : {std::pair{0, 4}, {4, 4}, {10, 10}, {1000, 24}}) {
    GenerativeCase one("fdda", {{"real_images", asked}});
    Alone with;
    const auto metrics = one.Run(with.group, with.checkpoints).metrics;
    EXPECT_EQ(metrics.at("real_images"), seen) << asked;
    EXPECT_EQ(metrics.at("images_seen"), 4 * (8 + std::min(8, seen))) << asked;
  }
}

TEST(FddaTest, TheImagesOfTheCentresComeFirst) {
  GenerativeCase one("fdda", {{"real_images", 0}});
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  Fdda method(context, FddaParams().Read("fdda", one.params));
  const TrainingBatch batch = method.ForStudent(3, EightGenerated());
  EXPECT_TRUE(torch::equal(batch.labels.slice(0, 8).sum(0), torch::ones(4))) << "one of each class";
}

// Windows of the whole image: every image is one that was given, mirrored or not.
TEST(FddaTest, CropsOfAllOfAnImageOnlyMirrorIt) {
  for (const bool whole : {true, false}) {
    Json given = {{"real_images", 0}};
    if (whole) given.update({{"real_crop", 1.0}, {"synthetic_crop", 1.0}});
    GenerativeCase one("fdda", given);
    Alone with;
    const QuantizationContext context = one.Context(with.group, with.checkpoints);
    Fdda method(context, FddaParams().Read("fdda", one.params));
    const TrainingBatch generated = EightGenerated();
    const torch::Tensor all = torch::cat(
        {generated.images, Normalise(one.real.Images(0, 24), one.teacher.mean, one.teacher.std)});
    const torch::Tensor known = torch::cat({all, all.flip(3)});
    int synthetic = 0, real = 0;
    for (const uint64_t step : {1, 2, 3}) {
      const torch::Tensor seen = method.ForStudent(step, generated).images;
      for (int64_t i = 0; i < seen.size(0); ++i) {
        const bool same = (known - seen[i]).abs().flatten(1).amax(1).min().item<double>() < 1e-5;
        (i < 8 ? synthetic : real) += same ? 1 : 0;
      }
    }
    EXPECT_EQ(synthetic == 24, whole);
    EXPECT_EQ(real == 12, whole) << real;
  }
}

}  // namespace
}  // namespace zerosweep
