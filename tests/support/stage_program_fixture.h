// The stage program with a network, a small data set and the parameters of its stages, driven as by
// a worker.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <torch/types.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/hash.h"
#include "contract/artifact.h"
#include "contract/frames.h"
#include "contract/stage_messages.h"
#include "contract/subprocess.h"
#include "engine/data/fingerprint.h"
#include "engine/import/safetensors.h"
#include "engine/models/builder.h"
#include "engine/models/registry.h"
#include "tests/support/temp_folder.h"

namespace zerosweep {

inline constexpr int kImages = 120;

class StageProgramFixture : public testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    WriteData();
    Graph graph = BuildModel("resnet20_cifar_a", 3, 32, 32, 10);
    InitialiseParameters(graph, 1);
    WriteSafetensors(temp_ / "weights.safetensors", StateOf(graph));
    Start();
  }

  // CIFAR-10's binary format: a label byte and 3072 pixels per record.
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
        ChildOptions{{program}, ChildEnvironment(), temp_ / "log", 0});
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
    Begin(kind, params, inputs, attempt);
    return End();
  }

  void Begin(const std::string& kind, const Json& params,
             const std::map<std::string, std::string>& inputs, const std::string& attempt) {
    StageRun run;
    run.attempt = attempt;
    run.stage = {"", kind, 1, params, inputs};
    run.stage.name = run.stage.ComputeName();
    for (const auto& [role, from] : inputs) run.inputs[role] = temp_ / from;
    run.files = {{"weights", temp_ / "weights.safetensors"}, {"data", temp_ / "data"}};
    run.staging = temp_ / attempt;
    if (checkpoint_period_ > 0) {
      run.checkpoints = Checkpoints(run.stage.name);
      run.checkpoint_period = checkpoint_period_;
    }
    run.threads = threads_;
    WriteFrame(child_->write_fd(), ToJson(run));
  }

  // The attempt's last message.
  StageMessage End() {
    for (;;) {
      const StageMessage message = Next();
      if (std::holds_alternative<StageProgress>(message)) {
        ++progress_;
      } else {
        return message;
      }
    }
  }

  std::filesystem::path Checkpoints(const std::string& stage) const {
    return temp_ / "checkpoints" / stage;
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
              {"act_grid", "asymmetric_per_tensor"},
              {"act_init", "quantized_path"},
              {"bn", "kept"}}}};
  }

  TempFolder temp_;
  std::unique_ptr<ChildProcess> child_;
  FrameBuffer buffer_;
  StageHello hello_;
  int progress_ = 0;
  double checkpoint_period_ = 0;  // seconds; 0: no checkpoints
  int threads_ = 1;
};

}  // namespace zerosweep
