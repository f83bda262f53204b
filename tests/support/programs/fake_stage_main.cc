// A stage of milliseconds: uses the protocol of zerosweep-stage and does what the stage's
// parameters say.
//
//   sleep_ms     how long it works
//   steps        progress frames meanwhile (default 1)
//   ignore_term  SIGTERM does not end it (as while it saves something large)
//   fault        "crash" | "exit" | "leave" | "hang" | "garbage" | "bad_frame" | "close" | "data" |
//                "error" | "storage" | "device" | "wrong_digest" | "foreign_done": see Misbehave
//   times        only the first `times` attempts have the fault (default: all)
//   rank         only this rank of a group has the fault (default: 0)
//   bytes        content of result.txt (default: names the stage)
//   images       writes correct.bin for this number of images
//   curve        writes curve.json
//
// The ranks of a group meet in their store before and after they work; only rank 0 writes.
//
// Every attempt writes lines "<stage> <attempt> started|done" to <home>/fake_runs.log.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "contract/artifact.h"
#include "contract/frames.h"
#include "contract/stage_messages.h"

namespace zerosweep {
namespace {

namespace fs = std::filesystem;

void Say(const StageMessage& message) { WriteFrame(kFrameWriteFd, ToJson(message)); }

void WriteRaw(const std::string& bytes) {
  if (write(kFrameWriteFd, bytes.data(), bytes.size()) < 0) _exit(1);
}

fs::path Home(const StageRun& run) {
  return fs::path(run.staging).parent_path().parent_path().parent_path();
}

void Note(const StageRun& run, const std::string& what) {
  const std::string line = run.stage.name + " " + run.attempt + " " + what + "\n";
  const int fd =
      open((Home(run) / "fake_runs.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, line.data(), line.size()) < 0) _exit(1);
  close(fd);
}

// The number of starts of this stage, including this one.
int Starts(const StageRun& run) {
  std::ifstream log(Home(run) / "fake_runs.log");
  int count = 0;
  for (std::string stage, attempt, what; log >> stage >> attempt >> what;)
    if (stage == run.stage.name && what == "started") ++count;
  return count;
}

[[noreturn]] void SleepForEver() {
  for (;;) pause();
}

void FailWith(const StageRun& run, ErrorKind kind, Failure failure) {
  Say(StageFailed{run.attempt, kind, failure, "the fake stage was told to fail"});
}

// Returns true when the fault has ended the attempt.
bool Misbehave(const StageRun& run, const std::string& fault) {
  std::printf("fault %s\n", fault.c_str());
  std::fflush(stdout);
  if (fault == "crash") raise(SIGKILL);
  if (fault == "exit") _exit(3);
  if (fault == "leave") _exit(kExitInterrupted);
  if (fault == "hang") SleepForEver();
  if (fault == "garbage") {
    WriteRaw("\xff\xff\xff\xff garbage");
    SleepForEver();
  }
  if (fault == "bad_frame") {
    WriteFrame(kFrameWriteFd, {{"type", "nonsense"}});
    SleepForEver();
  }
  if (fault == "close") {
    close(kFrameWriteFd);
    SleepForEver();
  }
  if (fault == "data") return FailWith(run, ErrorKind::kTrial, Failure::kData), true;
  if (fault == "error") return FailWith(run, ErrorKind::kTrial, Failure::kError), true;
  if (fault == "storage") return FailWith(run, ErrorKind::kStorage, Failure::kError), true;
  if (fault == "device") return FailWith(run, ErrorKind::kCluster, Failure::kError), true;
  if (fault == "foreign_done") Say(StageDone{"somebody-else", "digest", {}, 0, Json::object()});
  return false;
}

void CheckInputs(const StageRun& run) {
  for (const auto& [role, folder] : run.inputs) {
    if (!CorruptFiles(folder, ReadManifest(folder)).empty())
      Fail(ErrorKind::kTrial, "input '{}' at {} is damaged", role, folder);
  }
}

void Work(const StageRun& run) {
  const int steps = run.stage.params.value("steps", 1);
  const double seconds = run.stage.params.value("sleep_ms", 0.0) / 1000;
  for (int i = 1; i <= steps; ++i) {
    SystemClock().Sleep(seconds / steps);
    Say(StageProgress{run.attempt, double(i), double(steps), "iterations", "working"});
  }
}

Manifest WriteFiles(const StageRun& run) {
  fs::create_directories(run.staging);
  const fs::path folder = run.staging;
  WriteFileDurably(folder / "result.txt",
                   run.stage.params.value("bytes", "made by " + run.stage.name + "\n"));
  Manifest manifest;
  manifest.stage = run.stage.name;
  manifest.attempt = run.attempt;
  manifest.metrics["value"] = 42;
  const int images = run.stage.params.value("images", 0);
  if (images > 0) {
    manifest.metrics["images"] = images;
    WriteFileDurably(folder / "correct.bin",
                     std::string(static_cast<size_t>((images + 7) / 8), '\x55'));
  }
  if (run.stage.params.value("curve", false))
    WriteFileDurably(folder / "curve.json", R"({"loss": {"x": [0, 1, 2], "y": [3, 2, 1]}})");
  return manifest;
}

// Returns when all ranks have reached that meeting.
void Meet(const StageRun& run, int meeting, FrameBuffer& buffer) {
  if (run.ranks == 1) return;
  const auto key = [&](int rank) { return fmt::format("meeting {} rank {}", meeting, rank); };
  StoreRequest here{run.attempt, 2 * meeting, StoreOperation::kSet, {key(run.rank)}};
  StoreRequest all{run.attempt, 2 * meeting + 1, StoreOperation::kWait};
  for (int rank = 0; rank < run.ranks; ++rank) all.keys.push_back(key(rank));
  for (const StoreRequest& request : {here, all}) {
    Say(request);
    const auto answer = ReadFrame(kFrameReadFd, buffer);
    if (!answer || answer->get<StoreAnswer>().id != request.id) _exit(1);
  }
}

void Run(const StageRun& run, FrameBuffer& buffer) {
  if (run.rank == 0) Note(run, "started");
  Meet(run, 1, buffer);
  const Json& params = run.stage.params;
  const std::string fault = params.value("rank", 0) == run.rank ? params.value("fault", "") : "";
  const bool strikes = !fault.empty() && Starts(run) <= params.value("times", 1 << 30);
  if (params.value("ignore_term", false)) signal(SIGTERM, SIG_IGN);
  std::printf("running %s\n", run.attempt.c_str());
  std::fflush(stdout);
  CheckInputs(run);
  Work(run);
  if (strikes && Misbehave(run, fault)) return;
  Meet(run, 2, buffer);
  if (run.rank > 0) return Say(StageDone{run.attempt, "", {}, 0, Json::object()});
  Manifest manifest = WriteFiles(run);
  std::string digest = SealArtifact(run.staging, manifest);
  if (strikes && fault == "wrong_digest") digest.assign(64, '0');
  Note(run, "done");
  Say(StageDone{run.attempt, digest, manifest.metrics, params.value("sleep_ms", 0.0) / 1000,
                Json{{"fake", true}}});
}

int Main() {
  signal(SIGPIPE, SIG_IGN);
  if (std::getenv("ZEROSWEEP_FAULT_START") != nullptr) {
    std::printf("cannot start: told so\n");
    return 7;
  }
  const char* digest = std::getenv("ZEROSWEEP_FAULT_DIGEST");
  Say(StageHello{digest != nullptr ? digest : "fake", "0", Json{{"fake", true}}});
  FrameBuffer buffer;
  while (const auto frame = ReadFrame(kFrameReadFd, buffer)) Run(StageRunFromJson(*frame), buffer);
  return 0;
}

}  // namespace
}  // namespace zerosweep

int main() {
  try {
    return zerosweep::Main();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fake_stage: %s\n", error.what());
    return 1;
  }
}
