#include "methods/clusterq/clusterq.h"

#include <gtest/gtest.h>

#include "tests/support/engine/generative_case.h"

namespace zerosweep {
namespace {

ClusterQSettings ClusterQSettingsOf(const GenerativeCase& of) {
  return ClusterQParams().Read("clusterq", of.params);
}

std::vector<Moments> SomeMoments(const Teacher& teacher, bool gradient) {
  std::vector<Moments> moments;
  for (const Moments& of : RunningMoments(teacher.graph)) {
    moments.push_back({(of.mean + torch::randn_like(of.mean)).set_requires_grad(gradient),
                       (of.variance + torch::rand_like(of.variance)).set_requires_grad(gradient)});
  }
  return moments;
}

TEST(ClusterqTest, TheReleasedDiversityHasNoGradient) {
  torch::manual_seed(1);
  GenerativeCase one("clusterq", {{"objective", "released"}}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const ClusterQ method(context, ClusterQSettingsOf(one));
  const std::vector<Moments> moments = SomeMoments(one.teacher, true);
  const torch::Tensor diversity = method.ReleasedDiversity(7, moments);
  diversity.backward();
  for (const Moments& of : moments) {
    EXPECT_LT(of.mean.grad().abs().max().item<double>(), 1e-15);
    EXPECT_LT(of.variance.grad().abs().max().item<double>(), 1e-15);
  }
}

// The code adds the squares over images and layers: a draw of U(±w) squares to w²/3 on average.
TEST(ClusterqTest, TheReleasedDiversityIsASumOverImagesAndLayers) {
  GenerativeCase one("clusterq", {{"objective", "released"}, {"batch", 5}}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const ClusterQ method(context, ClusterQSettingsOf(one));
  const std::vector<Moments> moments = SomeMoments(one.teacher, false);
  double mean = 0;
  for (uint64_t step = 0; step < 500; ++step)
    mean += method.ReleasedDiversity(step, moments).item<double>() / 500;
  const double expected = 5 * 2 * (0.03 * 0.03 + 0.05 * 0.05) / 3;  // two layers of 8 channels
  EXPECT_NEAR(mean, expected, 0.05 * expected);  // 8000 squares: 1 % of deviation
}

// As the code's two loops have it.
TEST(ClusterqTest, TheReleasedMismatchDividesInsideItsLoop) {
  torch::manual_seed(2);
  GenerativeCase one("clusterq", {{"objective", "released"}, {"batch", 3}}, torch::kFloat64);
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  const ClusterQ method(context, ClusterQSettingsOf(one));
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

TEST(ClusterqTest, CentroidsAreMadeOfAcceptedImagesAndMove) {
  GenerativeCase one("clusterq", {{"centroid_rate", 0.25}});
  Alone with;
  const QuantizationContext context = one.Context(with.group, with.checkpoints);
  ClusterQ method(context, ClusterQSettingsOf(one));
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

// Of a thousand classes it takes minutes, and a stage that says nothing counts as hung.
TEST(ClusterqTest, AnUpdateTellsOfEveryClass) {
  GenerativeCase one("clusterq");
  Alone with;
  one.Run(with.group, with.checkpoints);
  EXPECT_EQ(one.progress.reports["classes"], 3 * 4);  // of 7 steps the 2nd, 4th and 6th; 4 classes
}

// Centroids are made after `centroids_from` steps; the term begins after the first update, one
// epoch later (trainer.py: epoch == soft_stat_epoch, epoch > soft_stat_epoch), for both objectives.
TEST(ClusterqTest, TheClassTermBeginsOneEpochAfterTheCentroids) {
  for (const char* objective : {"intended", "released"}) {
    GenerativeCase one("clusterq", {{"objective", objective}, {"centroids_from", 4}, {"epoch", 3}});
    Alone with;
    const QuantizationContext context = one.Context(with.group, with.checkpoints);
    ClusterQ method(context, ClusterQSettingsOf(one));
    const TeacherPass pass = {{}, SomeMoments(one.teacher, true)};
    for (uint64_t step = 0; step < 9; ++step) {
      EXPECT_EQ(method.ExtraTerms(step, pass).contains("centroids"), step >= 7)
          << objective << ", step " << step;
      method.EndStep(step);
    }
  }
}

// A centroid begins with whole images; updates see views when the coin says so.
TEST(ClusterqTest, OnlyUpdatesOfCentroidsAreAugmented) {
  GenerativeCase plain("clusterq", {{"augment", false}}), seen("clusterq", {{"augment", true}});
  Alone with;
  const QuantizationContext context_plain = plain.Context(with.group, with.checkpoints);
  const QuantizationContext context_seen = seen.Context(with.group, with.checkpoints);
  ClusterQ whole(context_plain, ClusterQSettingsOf(plain)),
      views(context_seen, ClusterQSettingsOf(seen));
  const auto equal = [&](size_t label) {
    const auto &a = whole.centroids()[label], &b = views.centroids()[label];
    if (a.size() != b.size()) return false;
    for (size_t l = 0; l < a.size(); ++l)
      if (!torch::equal(a[l].mean, b[l].mean) || !torch::equal(a[l].variance, b[l].variance))
        return false;
    return true;
  };
  const auto end_steps = [&](uint64_t step) {
    whole.EndStep(step);
    views.EndStep(step);
  };
  end_steps(1);
  size_t made = 0;
  for (size_t label = 0; label < 4; ++label) {
    EXPECT_TRUE(equal(label)) << label;
    made += whole.centroids()[label].empty() ? 0 : 1;
  }
  ASSERT_GT(made, 0U);
  end_steps(3);
  for (int64_t label = 0; label < 4; ++label) {
    if (whole.centroids()[static_cast<size_t>(label)].empty()) continue;
    const std::string coin = "centroid_images." + std::to_string(label) + ".augment";
    const bool heads = RandomStreams(3).Shared(3, coin).Uniform() < 0.5F;
    EXPECT_EQ(equal(static_cast<size_t>(label)), !heads) << label;
  }
}

// The batch of one class is seen as the step's mixed batch is.
TEST(ClusterqTest, TheClassBatchIsAugmentedWhenTheStepsBatchIs) {
  GenerativeCase plain("clusterq", {{"augment", false}}), seen("clusterq", {{"augment", true}});
  Alone with;
  const QuantizationContext context_plain = plain.Context(with.group, with.checkpoints);
  const QuantizationContext context_seen = seen.Context(with.group, with.checkpoints);
  ClusterQ whole(context_plain, ClusterQSettingsOf(plain)),
      views(context_seen, ClusterQSettingsOf(seen));
  whole.EndStep(1);
  views.EndStep(1);
  int heads = 0;
  for (uint64_t step = 4; step < 24; ++step) {
    const bool augmented = RandomStreams(3).Shared(step, "augment").Uniform() < 0.5F;
    heads += augmented ? 1 : 0;
    const BatchPart part = {0, 8};
    EXPECT_EQ(torch::equal(whole.Generate(step, part).images, views.Generate(step, part).images),
              !augmented);
    EXPECT_EQ(torch::equal(whole.ExtraTerms(step, {}).at("centroids"),
                           views.ExtraTerms(step, {}).at("centroids")),
              !augmented)
        << step;
  }
  EXPECT_GT(heads, 3);
  EXPECT_LT(heads, 17);
}

}  // namespace
}  // namespace zerosweep
