#include "engine/stages/runner.h"

#include <ATen/Parallel.h>
#include <signal.h>
#include <sys/stat.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include <cstdio>

#include "base/artifact.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/frames.h"
#include "base/version.h"
#include "engine/stages/leaving.h"
#include "engine/stages/signature.h"
#include "engine/stages/stage_checkpoints.h"
#include "engine/stages/stage_kind.h"

namespace zerosweep {
namespace {

// At most two progress frames a second; the last one of a stage always goes out.
class FrameProgress final : public Progress {
 public:
  FrameProgress(int fd, std::string attempt) : fd_(fd), attempt_(std::move(attempt)) {}

  void Report(double done, double total, const char* unit, const std::string& note) override {
    const double now = SystemClock().Monotonic();
    if (now - last_ < 0.5 && done < total) return;
    last_ = now;
    WriteFrame(fd_, ToJson(StageProgress{attempt_, done, total, unit, note}));
  }

 private:
  int fd_;
  std::string attempt_;
  double last_ = 0;
};

torch::Device ParseDevice(const std::string& name) {
  try {
    torch::Device device(name);
    if (device.is_cuda() && !torch::cuda::is_available()) {
      Fail(ErrorKind::kCluster, "device {} was asked for, but this machine has no usable GPU",
           name);
    }
    return device;
  } catch (const c10::Error&) {
    Fail(ErrorKind::kCluster, "unknown device '{}': 'cpu' or 'cuda:N'", name);
  }
}

// What every attempt of this process is given.
struct Host {
  Json machine;  // signature
  int write_fd;
  LeaveRequest& leave;
};

StageDone RunStage(const StageRun& run, const Host& host) {
  const double start = SystemClock().Monotonic();
  at::set_num_threads(run.threads);
  const auto& kind = StageKindRegistry::Get("stage kind", run.stage.kind);
  if (mkdir(run.staging.c_str(), 0700) != 0)
    Fail(ErrorKind::kStorage, "cannot create {}", run.staging);
  FrameProgress progress(host.write_fd, run.attempt);
  const torch::Device device = ParseDevice(run.device);
  StageCheckpoints checkpoints(run, ExecutionSignature(host.machine, run), host.leave,
                               SystemClock());
  SoloGroup group;
  const StageContext context{run,   kind.declaration, device, progress, checkpoints,
                             group, run.staging};
  Manifest manifest;
  manifest.stage = run.stage.name;
  manifest.attempt = run.attempt;
  manifest.metrics = kind.function(context);
  manifest.signature = host.machine;
  manifest.signature["device"] = run.device;
  manifest.signature["threads"] = run.threads;
  manifest.seconds = SystemClock().Monotonic() - start;
  const std::string digest = SealArtifact(run.staging, manifest);
  return {run.attempt, digest, manifest.metrics, manifest.seconds, manifest.signature};
}

StageFailed Failure(const StageRun& run, ErrorKind kind, const std::string& failure,
                    const std::string& message) {
  std::error_code ignored;
  std::filesystem::remove_all(run.staging, ignored);
  std::fprintf(stderr, "%s %s: %s\n", run.stage.kind.c_str(), run.attempt.c_str(), message.c_str());
  return {run.attempt, kind, failure, message.substr(0, message.find('\n'))};
}

StageMessage Attempt(const StageRun& run, const Host& host) {
  try {
    return RunStage(run, host);
  } catch (const Error& error) {
    const bool configuration = error.kind() == ErrorKind::kUsage;
    return Failure(run, error.kind(), configuration ? "configuration" : error.failure(),
                   error.what());
  } catch (const c10::OutOfMemoryError& error) {
    return Failure(run, ErrorKind::kTrial, "oom", error.what_without_backtrace());
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const bool oom = message.find("not enough memory") != std::string::npos ||
                     message.find("can't allocate memory") != std::string::npos;
    return Failure(run, ErrorKind::kTrial, oom ? "oom" : "error", message);
  } catch (const std::bad_alloc&) {
    return Failure(run, ErrorKind::kTrial, "oom", "out of memory");
  } catch (const std::exception& error) {
    return Failure(run, ErrorKind::kInternal, "error", error.what());
  }
}

}  // namespace

int ServeStages(int read_fd, int write_fd) {
  signal(SIGPIPE, SIG_IGN);
  LeaveRequest& leave = ListenForLeave();
  at::set_num_interop_threads(1);
  const Host host{MachineSignature(), write_fd, leave};
  if (!WriteFrame(write_fd, ToJson(StageHello{CatalogueDigest(), Version(), host.machine})))
    return kExitInterrupted;
  LeaveWithTheWorker(read_fd);
  FrameBuffer buffer;
  while (const auto message = ReadFrame(read_fd, buffer)) {
    const bool heard = WriteFrame(write_fd, ToJson(Attempt(StageRunFromJson(*message), host)));
    leave.can_save = false;  // from here on SIGTERM ends the process by itself
    if (!heard || leave.requested) return kExitInterrupted;
  }
  return kExitOk;
}

}  // namespace zerosweep
