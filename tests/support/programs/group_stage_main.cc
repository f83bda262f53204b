// A stage program like zerosweep-stage, with one kind of stage under three names ("g0", "g1",
// "g2"): gradient descent on a least-squares problem, with each rank on its part of every batch.
//
//   steps, step_ms  the number of steps, and how long each lasts
//   seed            of the problem
//   fault           "kill" | "stop": strikes rank `rank` at step `at`, once in a home
//                   "mark": only writes the mark
//
// `group_stage --digest` prints the digest in its hello.
#include <fcntl.h>
#include <signal.h>
#include <torch/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "contract/frames.h"
#include "engine/import/safetensors.h"
#include "engine/stages/runner.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

// Strikes once: a second attempt finds the mark of the first.
void Strike(const StageContext& context, int step) {
  const Json& params = context.params();
  if (step != params.value("at", -1) || context.group.rank() != params.value("rank", 0)) return;
  const std::filesystem::path home = std::filesystem::path(context.run.checkpoints).parent_path();
  const std::string mark = (home.parent_path() / ("struck_" + context.run.stage.kind)).string();
  const int fd = open(mark.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return;
  close(fd);
  if (params.at("fault") == "mark") return;  // shows a test how far it is
  raise(params.at("fault") == "stop" ? SIGSTOP : SIGKILL);
}

torch::Tensor Batch(int64_t step, double seed) {
  return torch::sin(torch::arange(48 * 6, torch::kFloat32) * (0.37 + seed) * (step % 11 + 1))
      .view({48, 6});
}

// One step of gradient descent on w, with this rank's part of the batch. Returns the loss over the
// whole batch.
double Step(const StageContext& context, torch::Tensor& w, int64_t step) {
  const BatchPart part = context.group.PartOf(48);
  const torch::Tensor x =
      Batch(step, context.params().value("seed", 0.0)).narrow(0, part.first, part.count);
  torch::Tensor leaf = w.detach().requires_grad_();
  const torch::Tensor loss = (x.matmul(leaf) - x.sum(1)).square().sum() / 48;
  loss.backward();
  SumGradients(context.group, {leaf});
  w = w - 0.01 * leaf.grad();
  return SumNumbers(context.group, {loss.item<double>()})[0];
}

std::map<std::string, double> Descend(const StageContext& context) {
  const int steps = context.params().value("steps", 20);
  const auto pause = std::chrono::milliseconds(context.params().value("step_ms", 10));
  torch::Tensor w = torch::zeros({6});
  int first = 0;
  if (const auto state = context.checkpoints.Restore()) {
    w = state->tensors.at("w").clone();
    first = state->values.at("step");
  }
  double loss = 0;
  for (int step = first; step < steps; ++step) {
    Strike(context, step);
    loss = Step(context, w, step);
    std::this_thread::sleep_for(pause);
    context.progress.Report(step + 1, steps, "steps", "");
    context.checkpoints.MaybeSave(step + 1, [&, done = step + 1] {
      return CheckpointState{{{"step", done}}, {{"w", w}}};
    });
  }
  if (!context.writes()) return {};
  WriteSafetensors(context.staging / "w.safetensors", {{"w", w}});
  return {{"loss", loss}, {"ranks", context.group.size()}};
}

const RegisterStageKind kKinds[] = {{{.name = "g0", .summary = "of tests"}, Descend},
                                    {{.name = "g1", .summary = "of tests"}, Descend},
                                    {{.name = "g2", .summary = "of tests"}, Descend}};

}  // namespace
}  // namespace zerosweep

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--digest") == 0) {
    std::printf("%s", zerosweep::CatalogueDigest().c_str());
    return 0;
  }
  try {
    return zerosweep::ServeStages(zerosweep::kFrameReadFd, zerosweep::kFrameWriteFd);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "group_stage: %s\n", error.what());
    return 1;
  }
}
