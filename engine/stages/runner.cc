#include "engine/stages/runner.h"

#include <ATen/Parallel.h>
#include <signal.h>
#include <sys/stat.h>
#include <torch/types.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/clock.h"
#include "base/text.h"
#include "base/version.h"
#include "contract/artifact.h"
#include "engine/cuda/gpus.h"
#include "engine/loop/memory.h"
#include "engine/parallel/frame_store.h"
#include "engine/parallel/process_group.h"
#include "engine/stages/signature.h"
#include "engine/stages/stage_checkpoints.h"
#include "engine/stages/stage_kind.h"
#include "engine/stages/stop_request.h"
#include "engine/stages/worker_connection.h"

namespace zerosweep {
namespace {

// Sends at most two progress frames per second; the last one of a stage is always sent.
class FrameProgress final : public Progress {
 public:
  FrameProgress(WorkerConnection& line, std::string attempt)
      : line_(line), attempt_(std::move(attempt)) {}

  void Report(double done, double total, const char* unit, const std::string& note) override {
    const double now = SystemClock().Monotonic();
    if (now - last_ < 0.5 && done < total) return;
    last_ = now;
    line_.Send(StageProgress{attempt_, done, total, unit, note});
  }

 private:
  WorkerConnection& line_;
  std::string attempt_;
  double last_ = 0;
};

torch::Device ParseDevice(const std::string& name) {
  std::optional<torch::Device> device;
  try {
    device.emplace(name);
  } catch (const c10::Error&) {
    Fail(ErrorKind::kCluster, "unknown device '{}': 'cpu' or 'cuda:N'", name);
  }
  if (device->is_cuda()) {
    const std::string problem = GpuProblem(std::max<int>(0, device->index()));
    if (!problem.empty())
      Fail(ErrorKind::kCluster,
           "device {} cannot be used: {}; see what nvidia-smi says of it, or "
           "give --device cpu",
           name, problem);
  }
  return *device;
}

// The data that all attempts of this process share.
struct Host {
  Json machine;  // signature
  WorkerConnection& line;
  StopRequest& leave;
};

std::unique_ptr<Group> JoinGroup(const StageRun& run, torch::Device device,
                                 WorkerConnection& line) {
  if (run.ranks == 1) return std::make_unique<SoloGroup>();
  const auto store = MakeFrameStore([&run, &line](StoreRequest request, double patience) {
    request.attempt = run.attempt;
    return line.Ask(std::move(request), patience);
  });
  return MakeGroup(store, {run.rank, run.ranks, device, run.interface});
}

StageDone RunStage(const StageRun& run, const Host& host) {
  const double start = SystemClock().Monotonic();
  ForgetPeakMemory();
  at::set_num_threads(run.threads);
  const auto& kind = StageKindRegistry::Get(run.stage.kind);
  if (run.rank == 0 && mkdir(run.staging.c_str(), 0700) != 0)
    Fail(ErrorKind::kStorage, "cannot create {}", run.staging);
  FrameProgress progress(host.line, run.attempt);
  const torch::Device device = ParseDevice(run.device);
  const std::unique_ptr<Group> group = JoinGroup(run, device, host.line);
  StageCheckpoints checkpoints(run, ExecutionSignature(host.machine, run), host.leave,
                               SystemClock(), *group);
  std::vector<std::string> notes;
  const StageContext context{run,         kind.declaration, device,      progress,
                             checkpoints, *group,           run.staging, notes};
  Manifest manifest;
  manifest.stage = run.stage.name;
  manifest.attempt = run.attempt;
  manifest.metrics = kind.function(context, context.KindParams());
  if (run.ranks > 1) {
    std::fprintf(stderr, "%s %s: rank %d of %d put %lld bytes into sums\n", run.stage.kind.c_str(),
                 run.attempt.c_str(), run.rank, run.ranks,
                 static_cast<long long>(group->reduced_bytes()));
  }
  manifest.signature = host.machine;
  manifest.signature["device"] = run.device;
  manifest.signature["threads"] = run.threads;
  if (run.ranks > 1) manifest.signature["ranks"] = run.ranks;
  manifest.seconds = SystemClock().Monotonic() - start;
  manifest.earlier_seconds = checkpoints.earlier_seconds();
  manifest.peak_bytes = PeakMemory();
  const std::string digest = context.writes() ? SealArtifact(run.staging, manifest) : "";
  return {run.attempt,         digest,
          manifest.metrics,    manifest.seconds,
          manifest.signature,  manifest.earlier_seconds,
          manifest.peak_bytes, notes};
}

StageFailed Failed(const StageRun& run, ErrorKind kind, Failure failure,
                   const std::string& message) {
  std::error_code ignored;
  if (run.rank == 0) std::filesystem::remove_all(run.staging, ignored);
  std::fprintf(stderr, "%s %s: %s\n", run.stage.kind.c_str(), run.attempt.c_str(), message.c_str());
  return {run.attempt, kind, failure, message.substr(0, message.find('\n'))};
}

StageMessage Attempt(const StageRun& run, const Host& host) {
  try {
    return RunStage(run, host);
  } catch (const Error& error) {
    const bool configuration = error.kind() == ErrorKind::kUsage;
    // The message may hold names from files, with arbitrary bytes.
    return Failed(run, error.kind(), configuration ? Failure::kConfiguration : error.failure(),
                  ShownBytes(error.what()));
  } catch (const c10::OutOfMemoryError& error) {
    return Failed(run, ErrorKind::kTrial, Failure::kOutOfMemory, error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const bool oom = message.find("not enough memory") != std::string::npos ||
                     message.find("can't allocate memory") != std::string::npos;
    return Failed(run, ErrorKind::kTrial, oom ? Failure::kOutOfMemory : Failure::kError, message);
  } catch (const std::bad_alloc&) {
    return Failed(run, ErrorKind::kTrial, Failure::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    return Failed(run, ErrorKind::kInternal, Failure::kError, error.what());
  }
}

}  // namespace

int ServeStages(int read_fd, int write_fd) {
  signal(SIGPIPE, SIG_IGN);
  StopRequest& leave = ListenForLeave();
  at::set_num_interop_threads(1);
  WorkerConnection line(read_fd, write_fd);
  const Host host{MachineSignature(), line, leave};
  if (!line.Send(StageHello{CatalogueDigest(), Version(), host.machine})) return kExitInterrupted;
  while (const auto run = line.NextRun()) {
    const bool heard = line.Send(Attempt(*run, host));
    leave.can_save = false;  // from here on SIGTERM ends the process at once
    if (!heard || leave.requested) return kExitInterrupted;
  }
  return kExitOk;
}

}  // namespace zerosweep
