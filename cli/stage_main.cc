// zerosweep-stage: LibTorch, the graph engine and the methods. Runs one stage after another for a
// worker.
#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "base/version.h"
#include "contract/frames.h"
#include "engine/catalogue/declare.h"
#include "engine/cuda/gpus.h"
#include "engine/loop/memory.h"
#include "engine/parallel/process_group.h"
#include "engine/stages/input_check.h"
#include "engine/stages/inspection.h"
#include "engine/stages/network_export.h"
#include "engine/stages/runner.h"

namespace {

// What `answer` returns, or {"kind": …, "error": …}
zerosweep::Json Answer(const std::function<zerosweep::Json()>& answer) {
  try {
    return answer();
  } catch (const zerosweep::Error& error) {
    return {{"kind", zerosweep::ToString(error.kind())},
            {"error", zerosweep::ShownBytes(error.what())}};
  } catch (const std::exception& error) {
    return {{"kind", zerosweep::ToString(zerosweep::ErrorKind::kInternal)},
            {"error", error.what()}};
  }
}

// Flushes at once: the next check may end the process.
void PrintLine(const zerosweep::Json& json) {
  std::printf("%s\n", json.dump().c_str());
  std::fflush(stdout);
}

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) != -1; }

int Main(int argc, char** argv) {
  CLI::App app{
      "zerosweep-stage: runs the stages of a sweep for a worker of `zerosweep run`.\n"
      "It is started by zerosweep and speaks framed JSON on descriptors 3 and 4."};
  bool describe = false, devices = false, try_nccl = false;
  std::vector<std::string> checks;
  std::string inspected, exported;
  app.add_flag("--describe", describe, "Print the catalogue (JSON) of what this program can do");
  app.add_flag("--devices", devices,
               "Print the GPUs (JSON) that CUDA shows, and whether they work");
  app.add_flag("--try-nccl", try_nccl, "Reduce something with NCCL on the first GPU");
  app.add_option("--check", checks,
                 "Check what a stage would read: JSON {params, files, split}; repeatable. Prints a "
                 "line of JSON for each")
      ->allow_extra_args(false);
  app.add_option("--inspect", inspected,
                 "Print (JSON) what the file of a network holds: JSON {file, input_shape}");
  app.add_option("--export", exported,
                 "Write a quantized network: JSON {teacher, quantized, file, form, metadata}");
  app.set_version_flag("--version", "zerosweep-stage " + zerosweep::Version() + " (" +
                                        zerosweep::CodeRevision() + ")");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? zerosweep::kExitOk : zerosweep::kExitUsage;
  }
  if (describe) {
    std::printf("%s\n", zerosweep::ToJson(zerosweep::DescribeAll()).dump(1).c_str());
    return zerosweep::kExitOk;
  }
  if (devices) {
    std::printf("%s\n", zerosweep::DescribeGpus().dump(1).c_str());
    return zerosweep::kExitOk;
  }
  if (!checks.empty()) {
    for (const std::string& request : checks)
      PrintLine(Answer([&] {
        return zerosweep::Json{
            {"notes", zerosweep::CheckInputs(zerosweep::ParseJson(request, "--check"))}};
      }));
    return zerosweep::kExitOk;
  }
  if (!inspected.empty()) {
    PrintLine(Answer(
        [&] { return zerosweep::InspectNetwork(zerosweep::ParseJson(inspected, "--inspect")); }));
    return zerosweep::kExitOk;
  }
  if (!exported.empty()) {
    PrintLine(Answer(
        [&] { return zerosweep::ExportNetwork(zerosweep::ParseJson(exported, "--export")); }));
    return zerosweep::kExitOk;
  }
  if (try_nccl) {
    zerosweep::TryNccl();
    return zerosweep::kExitOk;
  }
  if (!IsOpen(zerosweep::kFrameReadFd) || !IsOpen(zerosweep::kFrameWriteFd)) {
    std::fputs(
        "zerosweep-stage: started without a worker on descriptors 3 and 4; run `zerosweep run "
        "SWEEP.yaml`\n",
        stderr);
    return zerosweep::kExitUsage;
  }
  zerosweep::KeepFreedMemory();
  return zerosweep::ServeStages(zerosweep::kFrameReadFd, zerosweep::kFrameWriteFd);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const zerosweep::Error& error) {
    std::fprintf(stderr, "zerosweep-stage: %s\n", error.what());
    return zerosweep::ExitCodeFor(error.kind());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "zerosweep-stage: internal error: %s\n", error.what());
    return zerosweep::kExitInternal;
  }
}
