// Strong scaling of the joint training: the same batch on 1, 2 and 4 ranks (threads of this
// process, Gloo on loopback), the share of a step that is spent in collectives, and the bytes of a
// step beside what the algorithm needs (docs/performance.md).
//
//   joint_bench [STEPS]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "engine/generative/teacher_pass.h"
#include "engine/quant/quantizer.h"
#include "tests/support/engine/group_of_threads.h"
#include "tests/support/engine/quiet_progress.h"
#include "tests/support/engine/random_teacher.h"

namespace zerosweep {
namespace {

using Clock = std::chrono::steady_clock;
double Since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr int64_t kBatch = 64;
constexpr int64_t kWarmUp = 2;  // steps of calibration before those that are counted

// Another group, whose time in collectives is added up.
class TimedGroup final : public Group {
 public:
  explicit TimedGroup(Group& group) : group_(group) {}
  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  int64_t reduced_bytes() const override { return group_.reduced_bytes(); }
  void Reduce(const std::vector<torch::Tensor>& tensors, Reduction reduction) override {
    const auto start = Clock::now();
    group_.Reduce(tensors, reduction);
    seconds += Since(start);
  }
  double seconds = 0;

 private:
  Group& group_;
};

// Time and bytes of the steps from the first that both are trained in.
class Watch final : public Checkpoints {
 public:
  explicit Watch(TimedGroup& group) : group_(group) {}
  std::optional<CheckpointState> Restore() override { return std::nullopt; }
  void MaybeSave(int64_t step, const std::function<CheckpointState()>&) override {
    if (step == kWarmUp + 1) {  // the first has allocated what the others use again
      start_ = Clock::now();
      waited_ = group_.seconds;
      bytes_ = group_.reduced_bytes();
    }
    ++offered_;
    seconds = Since(start_);
    waited = group_.seconds - waited_;
    bytes = group_.reduced_bytes() - bytes_;
  }
  double seconds = 0, waited = 0;
  int64_t bytes = 0;

 private:
  TimedGroup& group_;
  Clock::time_point start_;
  double waited_ = 0;
  int64_t bytes_ = 0, offered_ = 0;
};

// float32 values that a step of gdfq hands to collectives.
int64_t ValuesOfAStep(const Teacher& teacher) {
  int64_t channels = 0, student = 0;
  for (const Moments& of : RunningMoments(teacher.graph)) channels += of.mean.numel();
  for (const Node& node : teacher.graph.nodes)
    for (const auto& [name, tensor] : node.parameters)
      if (name == "weight" || name == "bias") student += tensor.numel();
  const int64_t norms = 128 + 128 + 64 + 3;
  const int64_t generator = 128 * 64 * (100 + 1) + 2 * (128 + 128 + 64) + 128 * 128 * 9 +
                            64 * 128 * 9 + 3 * 64 * 9 + 3 + 10 * 100;
  // Norms and statistics: sums with the count of images, squares, two gradients of each channel.
  return (4 * norms + 4) + (4 * channels + 1) + generator + student + 6;  // and the losses shown
}

}  // namespace

int Main(int steps) {
  at::set_num_threads(1);
  const Teacher teacher = RandomTeacher("resnet20_cifar_a", 32);
  const auto& entry = QuantizerRegistry::Get("gdfq");
  const Json params = {{"batch", kBatch},         {"warm_up", kWarmUp}, {"calibration", kWarmUp},
                       {"iterations", steps + 2}, {"snapshots", 1},     {"heldout", 8}};
  double alone = 0;
  fmt::print("gdfq, ResNet-20, batch {}, {} steps; {} bytes a step are needed\n", kBatch, steps,
             4 * ValuesOfAStep(teacher));
  for (const int ranks : {1, 2, 4}) {
    const auto body = [&](Group& plain) {
      Teacher own = teacher;
      own.graph = teacher.graph.Clone();
      TimedGroup group(plain);
      Watch watch(group);
      QuietProgress progress;
      const Protocol protocol;
      const torch::Tensor none;
      entry.function({.teacher = own,
                      .images = none,
                      .setting = {protocol, false, 4, 4},
                      .random = RandomStreams(0),
                      .progress = progress,
                      .checkpoints = watch,
                      .group = group},
                     params);
      if (group.rank() != 0) return;
      const double step = watch.seconds / steps;
      if (ranks == 1) alone = step;
      fmt::print(
          "{} ranks: {:6.1f} ms a step, {:.2f} times one rank's speed, {:4.1f} % in "
          "collectives, {} bytes a step\n",
          ranks, 1e3 * step, alone / step, 100 * watch.waited / watch.seconds, watch.bytes / steps);
    };
    SoloGroup solo;
    ranks == 1 ? body(solo) : RunRanks(ranks, body);
  }
  return 0;
}

}  // namespace zerosweep

int main(int argc, char** argv) { return zerosweep::Main(argc > 1 ? std::atoi(argv[1]) : 20); }
