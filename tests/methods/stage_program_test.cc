// The stage program as a worker drives it: a teacher, images, a quantized network and its accuracy,
// on a small data set.
#include <gtest/gtest.h>
#include <signal.h>
#include <torch/types.h>

#include "base/artifact.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/frames.h"
#include "base/hash.h"
#include "base/stage_protocol.h"
#include "base/subprocess.h"
#include "engine/data/fingerprint.h"
#include "engine/import/safetensors.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {
namespace {

constexpr int kImages = 120;

class StageProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    WriteData();
    Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
    InitialiseParameters(graph, 1);
    WriteSafetensors(temp_ / "weights.safetensors", StateOf(graph));
    Start();
  }

  // CIFAR-10's binary format: a label byte and 3072 pixels a record.
  void WriteData() {
    std::filesystem::create_directory(temp_ / "data");
    std::string bytes;
    for (int i = 0; i < kImages; ++i) {
      bytes += static_cast<char>(i % 10);
      for (int j = 0; j < 3072; ++j) bytes += static_cast<char>((i * 37 + j * j) % 251);
    }
    WriteFileDurably(temp_ / "data" / "test_batch.bin", bytes);
    WriteFileDurably(temp_ / "data" / "calibration_batch.bin", bytes);
  }

  void Start() {
    const std::string program =
        std::string(std::getenv("ZEROSWEEP_BUILD")) + "/bin/zerosweep-stage";
    child_ = std::make_unique<ChildProcess>(
        SpawnOptions{{program}, ChildEnvironment(), temp_ / "log", 0});
    buffer_ = FrameBuffer();
    hello_ = std::get<StageHello>(Next());
  }

  StageMessage Next() {
    const auto message = ReadFrame(child_->read_fd(), buffer_);
    if (!message)
      throw std::runtime_error("the stage program left: " + TailOfFile(temp_ / "log", 5));
    return StageMessageFromJson(*message);
  }

  StageMessage RunStage(const std::string& kind, const Json& params,
                        const std::map<std::string, std::string>& inputs,
                        const std::string& attempt) {
    StageRun run;
    run.attempt = attempt;
    run.stage = {"", kind, 1, params, inputs};
    run.stage.name = run.stage.ComputeName();
    for (const auto& [role, from] : inputs) run.inputs[role] = temp_ / from;
    run.files = {{"weights", temp_ / "weights.safetensors"}, {"data", temp_ / "data"}};
    run.staging = temp_ / attempt;
    WriteFrame(child_->write_fd(), ToJson(run));
    for (;;) {
      const StageMessage message = Next();
      if (std::holds_alternative<StageProgress>(message)) {
        ++progress_;
      } else {
        return message;
      }
    }
  }

  StageDone Succeeds(const std::string& kind, const Json& params,
                     const std::map<std::string, std::string>& inputs, const std::string& attempt) {
    const StageMessage message = RunStage(kind, params, inputs, attempt);
    if (const auto* failed = std::get_if<StageFailed>(&message))
      throw std::runtime_error(failed->message);
    return std::get<StageDone>(message);
  }

  StageFailed Fails(const std::string& kind, const Json& params,
                    const std::map<std::string, std::string>& inputs) {
    const auto failed = std::get<StageFailed>(RunStage(kind, params, inputs, "failing"));
    EXPECT_FALSE(std::filesystem::exists(temp_ / "failing"));
    return failed;
  }

  std::string Fingerprint(const std::string& split = "test") const {
    return DatasetFingerprint("cifar10", split, temp_ / "data");
  }

  Json TeacherParams() const {
    return {{"arch", "resnet20_cifar_a"},
            {"classes", 10},
            {"dataset", "cifar10"},
            {"data", Fingerprint()},
            {"weights", Sha256File(temp_ / "weights.safetensors")},
            {"mean", {0.5, 0.5, 0.5}},
            {"std", {0.25, 0.25, 0.25}}};
  }

  static Json QuantizeParams(const std::string& name, int bits) {
    return {{"name", name},
            {"w_bits", bits},
            {"a_bits", bits},
            {"protocol",
             {{"act_placement", "relu"},
              {"first_w", "same"},
              {"stem_out_a", "same"},
              {"last_w", "same"},
              {"last_in_a", "same"},
              {"shortcut", "shared"},
              {"bn", "kept"}}}};
  }

  TempFolder temp_;
  std::unique_ptr<ChildProcess> child_;
  FrameBuffer buffer_;
  StageHello hello_;
  int progress_ = 0;
};

TEST_F(StageProgramTest, OneTrialFromWeightsToAccuracy) {
  const Json data = {{"dataset", "cifar10"}, {"data", Fingerprint()}};
  EXPECT_EQ(Succeeds("teacher", TeacherParams(), {}, "teacher").metrics.at("images"), kImages);
  const StageDone images =
      Succeeds("synthesize",
               {{"name", "zeroq"}, {"images", 4}, {"batch", 4}, {"iterations", 2}, {"seed", 3}},
               {{"teacher", "teacher"}}, "images");
  EXPECT_EQ(images.metrics.at("images"), 4);
  EXPECT_TRUE(CorruptFiles(temp_ / "images", ReadManifest(temp_ / "images")).empty());
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
  EXPECT_EQ(failed.failure, "configuration");
  EXPECT_TRUE(
      failed.message.ends_with("val/class0/1.jpg is truncated: fetch it again or remove it"))
      << failed.message;
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
  EXPECT_EQ(failed.failure, "configuration");
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
  EXPECT_EQ(failed.message,
            "synthesizer 'zeroq' has no parameter 'itertions', did you mean 'iterations'?");
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

TEST_F(StageProgramTest, DataThatChangedSinceThePlanIsRefused) {
  const Json params = TeacherParams();
  Succeeds("teacher", params, {}, "teacher");
  std::string bytes = ReadFile(temp_ / "data" / "test_batch.bin");
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  WriteFileDurably(temp_ / "data" / "test_batch.bin", bytes);
  const StageFailed failed = Fails("teacher", params, {});
  EXPECT_EQ(failed.failure, "configuration");
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
