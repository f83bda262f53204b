// The stage program as a worker drives it: a teacher, images, a quantized network and its accuracy,
// on a small data set.
#include <gmock/gmock.h>

#include <algorithm>

#include "engine/data/image.h"
#include "engine/quant/integer_product.h"
#include "engine/quant/quantized_network.h"
#include "engine/stages/accuracy.h"
#include "engine/stages/stage_kind.h"
#include "engine/training/snapshots.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/stage_program_fixture.h"

namespace zerosweep {
namespace {

class StageProgramTest : public StageProgramFixture {};

TEST_F(StageProgramTest, OneTrialFromWeightsToAccuracy) {
  const Json data = {{"dataset", "cifar10"}, {"data", Fingerprint()}};
  EXPECT_EQ(Succeeds("teacher", TeacherParams(), {}, "teacher").metrics.at("images"), kImages);
  const StageDone images =
      Succeeds("synthesize",
               {{"name", "zeroq"}, {"images", 4}, {"batch", 4}, {"iterations", 2}, {"seed", 3}},
               {{"teacher", "teacher"}}, "images");
  EXPECT_EQ(images.metrics.at("images"), 4);
  EXPECT_GT(images.metrics.at("bn_spread"), 0);
  EXPECT_GT(images.metrics.at("confidence"), 0.1);  // of ten classes
  EXPECT_GE(images.metrics.at("class_entropy"), 0);
  const Manifest manifest = ReadManifest(temp_ / "images");
  EXPECT_TRUE(CorruptFiles(temp_ / "images", manifest).empty());
  EXPECT_TRUE(manifest.files.contains("samples.png"));
  const Image samples = ReadImage(temp_ / "images" / "samples.png");
  EXPECT_EQ(samples.width, 4 * 64 + 3 * 2);
  EXPECT_EQ(samples.height, 64);
  Succeeds("quantize", QuantizeParams("minmax", 4), {{"teacher", "teacher"}, {"images", "images"}},
           "quantized");
  const StageDone accuracy =
      Succeeds("evaluate", data, {{"teacher", "teacher"}, {"quantized", "quantized"}}, "accuracy");
  EXPECT_GE(accuracy.metrics.at("top1"), 0);
  EXPECT_EQ(ReadFile(temp_ / "accuracy" / "correct.bin").size(), static_cast<size_t>(kImages) / 8);
  EXPECT_EQ(ReadFile(temp_ / "accuracy" / "predictions.bin").size(),
            static_cast<size_t>(kImages) * 4);
  EXPECT_EQ(accuracy.signature.at("threads"), 1);
  EXPECT_GT(progress_, 0);

  // Pass-through agrees with the teacher on every image.
  Succeeds("quantize", QuantizeParams("minmax", 32), {{"teacher", "teacher"}, {"images", "images"}},
           "exact");
  const auto exact =
      Succeeds("evaluate", data, {{"teacher", "teacher"}, {"quantized", "exact"}}, "accuracy32")
          .metrics;
  EXPECT_EQ(exact.at("agreement"), 100.0);
}

// The sensitivity is measured once; two budgets and a uniform cell use the same images.
TEST_F(StageProgramTest, MixedPrecisionKeepsItsBudgetAndSaysWhatItChose) {
  Succeeds("teacher", TeacherParams(), {}, "teacher");
  Succeeds("synthesize", {{"name", "noise"}, {"images", 2}, {"seed", 3}}, {{"teacher", "teacher"}},
           "images");
  const std::map<std::string, std::string> inputs = {{"teacher", "teacher"}, {"images", "images"}};
  const StageDone measured = Succeeds("sensitivity", Json::object(), inputs, "sensitivity");
  EXPECT_EQ(measured.metrics.at("ops"), 20);
  EXPECT_GT(measured.metrics.at("kl_uniform_2"), measured.metrics.at("kl_uniform_8"));
  auto with_sensitivity = inputs;
  with_sensitivity["sensitivity"] = "sensitivity";
  for (const int budget : {4, 6}) {
    Json params = QuantizeParams("minmax", 8);
    const double uniform = Succeeds("quantize", QuantizeParams("minmax", budget), inputs,
                                    "uniform" + std::to_string(budget))
                               .metrics.at("size_bytes");
    params["w_bits"] = {{"budget", budget}, {"choices", {2, 3, 4, 5, 6, 8}}};
    const std::string name = "mixed" + std::to_string(budget);
    const auto metrics = Succeeds("quantize", params, with_sensitivity, name).metrics;
    EXPECT_EQ(metrics.at("budget_bytes"), uniform);
    EXPECT_LE(metrics.at("size_bytes"), uniform);
    // With so many choices little of the budget is left over.
    EXPECT_GT(metrics.at("size_bytes"), 0.95 * uniform);
    EXPECT_LT(metrics.at("predicted_kl"),
              measured.metrics.at("kl_uniform_" + std::to_string(budget)));
    EXPECT_EQ(std::count_if(metrics.begin(), metrics.end(),
                            [](const auto& m) { return m.first.starts_with("w_bits:"); }),
              20);
    EXPECT_TRUE(metrics.contains("w_bits:00:conv1") && metrics.contains("w_bits:19:linear"));
    const Json frontier =
        ParseJson(ReadFile(temp_ / name / "curve.json"), "curve.json").at("frontier");
    EXPECT_LE(frontier.at("x").size(), 512U);
    EXPECT_GT(frontier.at("x").size(), 100U);
    EXPECT_THAT(frontier.at("x"), testing::Contains(metrics.at("size_bytes")));
    EXPECT_THAT(frontier.at("y"), testing::Contains(metrics.at("predicted_kl")));
    Succeeds("evaluate", {{"dataset", "cifar10"}, {"data", Fingerprint()}},
             {{"teacher", "teacher"}, {"quantized", name}}, "accuracy" + std::to_string(budget));
  }
  Json by_layer = QuantizeParams("minmax", 4);
  by_layer["w_bits"] = {{"layers", {{"conv1", 8}}}};
  EXPECT_THAT(Fails("quantize", by_layer, inputs).message,
              testing::HasSubstr("no bits are given for layer1.0.conv1, layer1.0.conv2"));
}

// Ten classes of one image, one of two; the calibration images are the training ones.
TEST_F(StageProgramTest, ImagesInFoldersAreResizedAsTheStageSays) {
  namespace fs = std::filesystem;
  const char* source = std::getenv("ZEROSWEEP_SOURCE");
  const fs::path golden = fs::path(source == nullptr ? "." : source) / "tests/golden/image_folder";
  for (int i = 0; i < 10; ++i) {
    for (const char* split : {"val", "train"}) {
      const fs::path folder = temp_ / "data" / split / fmt::format("class{}", i);
      fs::create_directories(folder);
      fs::copy_file(golden / (i % 2 == 0 ? "landscape.jpg" : "small.png"), folder / "1.jpg");
    }
  }
  fs::copy_file(golden / "grey.jpg", temp_ / "data/val/class3/2.jpg");
  const auto data = [&](const char* split) {
    return Json{{"dataset", "image_folder"},
                {"data", DatasetFingerprint("image_folder", split, temp_ / "data")},
                {"eval", {{"resize", 37}, {"crop", 32}}}};
  };
  Json params = TeacherParams();
  params.update(data("test"));
  EXPECT_EQ(Succeeds("teacher", params, {}, "teacher").metrics.at("images"), 11);
  Json real = {{"name", "real"}, {"images", 4}, {"seed", 0}};
  real.update(data("calibration"));
  Succeeds("synthesize", real, {{"teacher", "teacher"}}, "images");
  EXPECT_EQ(ReadSafetensors(temp_ / "images/images.safetensors").at("images").sizes(),
            at::IntArrayRef({4, 3, 32, 32}));
  Succeeds("quantize", QuantizeParams("minmax", 8), {{"teacher", "teacher"}, {"images", "images"}},
           "quantized");
  Json evaluate = data("test");
  evaluate["limit"] = 10;
  EXPECT_EQ(Succeeds("evaluate", evaluate, {{"teacher", "teacher"}, {"quantized", "quantized"}},
                     "accuracy")
                .metrics.at("images"),
            10);
  // A file that is damaged only where no listing shows it.
  WriteFileDurably(temp_ / "data/val/class0/1.jpg",
                   ReadFile(golden / "landscape.jpg").substr(0, 1000));
  params.update(data("test"));
  const StageFailed failed = Fails("teacher", params, {});
  EXPECT_EQ(failed.failure, Failure::kConfiguration);
  EXPECT_TRUE(
      failed.message.ends_with("val/class0/1.jpg is truncated: fetch it again or remove it"))
      << failed.message;
}

TEST_F(StageProgramTest, IntegersGiveTheSameAccuracy) {
  if (!IntegerProduct::Exact()) GTEST_SKIP() << "this CPU has no VNNI";
  Succeeds("teacher", TeacherParams(), {}, "teacher");
  Succeeds("synthesize", {{"name", "noise"}, {"images", 4}, {"seed", 0}}, {{"teacher", "teacher"}},
           "images");
  Succeeds("quantize", QuantizeParams("minmax", 8), {{"teacher", "teacher"}, {"images", "images"}},
           "quantized");
  const std::map<std::string, std::string> inputs = {{"teacher", "teacher"},
                                                     {"quantized", "quantized"}};
  Json params = {{"dataset", "cifar10"}, {"data", Fingerprint()}};
  const auto floats = Succeeds("evaluate", params, inputs, "floats").metrics;
  params["integer"] = true;
  const auto integers = Succeeds("evaluate", params, inputs, "integers").metrics;
  EXPECT_EQ(integers.at("images"), floats.at("images"));
  EXPECT_NEAR(integers.at("loss"), floats.at("loss"), 0.01);
}

TEST_F(StageProgramTest, TheSameStageTwiceGivesTheSameArtifact) {
  Succeeds("teacher", TeacherParams(), {}, "teacher");
  const Json params = {
      {"name", "zeroq"}, {"images", 2}, {"batch", 2}, {"iterations", 3}, {"seed", 3}};
  const std::string first = Succeeds("synthesize", params, {{"teacher", "teacher"}}, "a").artifact;
  Start();  // another process
  EXPECT_EQ(Succeeds("synthesize", params, {{"teacher", "teacher"}}, "b").artifact, first);
  Json other = params;
  other["seed"] = 4;
  EXPECT_NE(Succeeds("synthesize", other, {{"teacher", "teacher"}}, "c").artifact, first);
}

TEST_F(StageProgramTest, FailuresNameTheirClassAndLeaveNothing) {
  Json wrong = TeacherParams();
  wrong["expected_top1"] = 99.0;
  StageFailed failed = Fails("teacher", wrong, {});
  EXPECT_EQ(failed.kind, ErrorKind::kTrial);
  EXPECT_EQ(failed.failure, Failure::kConfiguration);
  EXPECT_NE(failed.message.find("its model card says 99.00 %"), std::string::npos)
      << failed.message;

  wrong = TeacherParams();
  wrong["weights"] = std::string(64, '0');
  EXPECT_NE(Fails("teacher", wrong, {}).message.find("changed since the sweep was planned"),
            std::string::npos);

  Succeeds("teacher", TeacherParams(), {}, "teacher");
  failed = Fails("synthesize", {{"name", "zeroqq"}, {"seed", 0}}, {{"teacher", "teacher"}});
  EXPECT_EQ(failed.message, "unknown synthesizer 'zeroqq', did you mean 'zeroq'?");
  failed = Fails("synthesize", {{"name", "zeroq"}, {"itertions", 4}, {"seed", 0}},
                 {{"teacher", "teacher"}});
  EXPECT_EQ(failed.message, "'zeroq' has no parameter 'itertions', did you mean 'iterations'?");
  failed = Fails("synthesize",
                 {{"name", "real"},
                  {"images", 1000},
                  {"dataset", "cifar10"},
                  {"data", Fingerprint("calibration")},
                  {"seed", 0}},
                 {{"teacher", "teacher"}});
  EXPECT_EQ(failed.message,
            "real: 1000 images asked for, but the calibration split of cifar10 has 120");
}

// Each state of a trained network by itself, in this process, against the stage's metrics.
TEST_F(StageProgramTest, EverySnapshotIsEvaluated) {
  Succeeds("teacher", TeacherParams(), {}, "teacher");
  Succeeds("synthesize", {{"name", "noise"}, {"images", 20}, {"seed", 0}}, {{"teacher", "teacher"}},
           "noise");
  Json params = QuantizeParams("finetune", 4);
  params.update({{"iterations", 6},
                 {"batch", 4},
                 {"lr", 1e-3},
                 {"snapshots", 3},
                 {"calibration", 2},
                 {"seed", 0}});
  Succeeds("quantize", params, {{"teacher", "teacher"}, {"images", "noise"}}, "trained");
  const auto metrics = Succeeds("evaluate", {{"dataset", "cifar10"}, {"data", Fingerprint()}},
                                {{"teacher", "teacher"}, {"quantized", "trained"}}, "accuracy")
                           .metrics;

  const Teacher teacher = LoadTeacher(temp_ / "teacher", torch::kCPU);
  const Dataset test = LoadDataset("cifar10", "test", temp_ / "data");
  QuietProgress quiet;
  std::vector<double> top1;
  QuantizedNetwork network = QuantizedNetwork::Load(teacher, temp_ / "trained");
  const std::vector<Snapshot> snapshots = LoadSnapshots(temp_ / "trained");
  ASSERT_EQ(snapshots.size(), 4U);  // the one before the first step, too
  for (const Snapshot& snapshot : snapshots) {
    network.LoadState(snapshot.state);
    top1.push_back(MeasureAccuracy([&](const torch::Tensor& x) { return network.Forward(x); }, test,
                                   teacher, 0, quiet)
                       .top1_percent());
  }
  EXPECT_EQ(metrics.at("untrained_top1"), top1[0]);
  EXPECT_EQ(metrics.at("top1"), top1[3]);
  const auto best = std::max_element(top1.begin() + 1, top1.end());
  EXPECT_EQ(metrics.at("best_top1"), *best);
  EXPECT_EQ(metrics.at("best_step"), snapshots[best - top1.begin()].step);
  const auto heldout = std::min_element(
      snapshots.begin() + 1, snapshots.end(),
      [](const Snapshot& a, const Snapshot& b) { return a.heldout_loss < b.heldout_loss; });
  ASSERT_TRUE(heldout->heldout_loss);
  EXPECT_EQ(metrics.at("heldout_step"), heldout->step);
  EXPECT_EQ(metrics.at("heldout_top1"), top1[heldout - snapshots.begin()]);
}

// Planning refuses these; a stage that is asked all the same says it in the same words.
TEST_F(StageProgramTest, WhatAMethodCannotDoIsRefused) {
  Succeeds("teacher", TeacherParams(), {}, "teacher");
  Succeeds("synthesize", {{"name", "noise"}, {"images", 4}, {"seed", 0}}, {{"teacher", "teacher"}},
           "noise");
  const std::map<std::string, std::string> inputs = {{"teacher", "teacher"}, {"images", "noise"}};
  Json params = QuantizeParams("finetune", 4);
  params["labels"] = "asked";
  StageFailed failed = Fails("quantize", params, inputs);
  EXPECT_EQ(failed.kind, ErrorKind::kUsage);
  EXPECT_EQ(failed.message,
            "finetune on resnet20_cifar_a: labels: asked takes the classes that the images were "
            "made for, and these are made for none: choose labels: predicted");
  params = QuantizeParams("qdrop", 4);
  params["protocol"]["shortcut"] = "own";
  EXPECT_NE(Fails("quantize", params, inputs)
                .message.find("qdrop on resnet20_cifar_a: under shortcut: own the shortcuts of its "
                              "blocks do not read the quantized tensor"),
            std::string::npos);
}

TEST_F(StageProgramTest, DataThatChangedSinceThePlanIsRefused) {
  const Json params = TeacherParams();
  Succeeds("teacher", params, {}, "teacher");
  std::string bytes = ReadFile(temp_ / "data" / "test_batch.bin");
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  WriteFileDurably(temp_ / "data" / "test_batch.bin", bytes);
  const StageFailed failed = Fails("teacher", params, {});
  EXPECT_EQ(failed.failure, Failure::kConfiguration);
  EXPECT_NE(failed.message.find("changed since the sweep was planned"), std::string::npos)
      << failed.message;
}

TEST_F(StageProgramTest, LeavesAtOnceWhenTheWorkerGoesAway) {
  Succeeds("teacher", TeacherParams(), {}, "teacher");
  StageRun run;
  run.attempt = "long";
  run.stage = {
      "",
      "synthesize",
      1,
      {{"name", "zeroq"}, {"images", 64}, {"batch", 64}, {"iterations", 100000}, {"seed", 0}},
      {}};
  run.inputs = {{"teacher", temp_ / "teacher"}};
  run.staging = temp_ / "long";
  ASSERT_TRUE(WriteFrame(child_->write_fd(), ToJson(run)));
  Next();  // it is at work
  child_->CloseWrite();
  std::optional<std::string> end;
  for (int i = 0; i < 1000 && !end; ++i) {
    SystemClock().Sleep(0.01);
    end = child_->Ended();
  }
  EXPECT_EQ(end, "exit 75");
}

}  // namespace
}  // namespace zerosweep
