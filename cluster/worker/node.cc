#include "cluster/worker/node.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/json.h"
#include "base/process/run_program.h"
#include "base/process/spawn.h"
#include "base/text.h"
#include "cluster/worker/control_groups.h"
#include "contract/subprocess.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

constexpr double kAskSeconds = 30;  // a driver that hangs does so forever

bool IsDigits(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Signs of GPUs on this machine.
struct GpuHints {
  size_t files = 0, open = 0;  // number of device files, and of those that this process may open
  std::string closed;  // why one of the others may not be opened: "/dev/nvidia0: Operation not …"
  bool hidden = false;  // CUDA_VISIBLE_DEVICES is set and hides all
  size_t listed = 0;    // number in CUDA_VISIBLE_DEVICES

  // The number of GPUs that CUDA should show.
  size_t expected() const { return listed > 0 ? listed : open; }
};

GpuHints LookForGpus(const fs::path& device_files) {
  GpuHints hints;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(device_files, code)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("nvidia") || !IsDigits(name.substr(6))) continue;
    ++hints.files;
    const int file = open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0) {
      ++hints.open;
      close(file);
    } else {
      hints.closed = fmt::format("{}: {}", entry.path().string(), std::strerror(errno));
    }
  }
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) {
    const std::string list = visible;
    // Slurm's value for a job without GPUs, and two that containers use.
    hints.hidden = list.empty() || list.starts_with('-') || list == "NoDevFiles" ||
                   list == "none" || list == "void";
    if (!hints.hidden) hints.listed = static_cast<size_t>(std::ranges::count(list, ',')) + 1;
  }
  return hints;
}

// What requires GPUs, as a phrase; "" when nothing does.
std::string WhoAsked(const std::string& device) {
  if (device == "cuda") return "--device cuda asks for GPUs";
  if (OwnVariable("SLURM_JOB_ID").empty()) return "";
  bool asked = !OwnVariable("SLURM_JOB_GPUS").empty() || !OwnVariable("SLURM_STEP_GPUS").empty();
  for (const char* name : {"SLURM_GPUS_ON_NODE", "SLURM_GPUS", "SLURM_GPUS_PER_NODE",
                           "SLURM_GPUS_PER_TASK", "SLURM_GPUS_PER_SOCKET"}) {
    const std::string count = OwnVariable(name);  // "2", "a100:2"
    asked = asked || std::atoi(count.c_str() + count.find_last_of(':') + 1) > 0;
  }
  return asked ? "job " + OwnVariable("SLURM_JOB_ID") + " asked for GPUs" : "";
}

// Returns the output of `zerosweep-stage --devices`; throws when it fails.
Json AskStage(const fs::path& stage_program) {
  const ProgramResult result =
      RunProgram({stage_program.string(), "--devices"}, ChildEnvironment(), kAskSeconds);
  if (result.timed_out)
    Fail(ErrorKind::kCluster, "CUDA did not answer within {:.0f} s", kAskSeconds);
  if (result.code != kExitOk)
    Fail(ErrorKind::kCluster, "{} --devices ended with {}: {}", stage_program.string(), result.code,
         result.err.substr(0, result.err.find('\n')));
  return ParseJson(result.out, "zerosweep-stage --devices");
}

// Fills in the working GPUs. Returns why the others, or all, do not work; "" when all do.
std::string TakeWorking(const Json& answer, const GpuHints& hints, NodeDevices& devices) {
  std::vector<std::string> problems;
  size_t index = 0;
  for (const Json& gpu : answer.at("gpus")) {
    const std::string device = fmt::format("cuda:{}", index++), problem = gpu.at("problem");
    if (problem.empty()) {
      devices.gpus.push_back(device);
      devices.names.push_back(gpu.at("name"));
    } else {
      problems.push_back(fmt::format("{}: {}", device, problem));
    }
  }
  if (const std::string all = answer.at("problem"); !all.empty()) {
    problems.push_back("CUDA says: " + all);
  } else if (index < hints.expected()) {
    problems.push_back(
        hints.listed > 0
            ? fmt::format("CUDA_VISIBLE_DEVICES='{}' lists {}, CUDA shows {} (a process "
                          "sees only one MIG instance, and no GPU listed after an invalid name)",
                          OwnVariable("CUDA_VISIBLE_DEVICES"), hints.listed, index)
            : fmt::format("{} device files, CUDA shows {}", hints.expected(), index));
  }
  if (devices.gpus.empty() && hints.open == 0 && !hints.closed.empty())
    problems.push_back(hints.closed);
  return Join(problems, "; ");
}

}  // namespace

NodeDevices FindDevices(const std::string& device, const fs::path& stage_program,
                        const fs::path& device_files) {
  NodeDevices devices;
  if (device == "cpu") return devices;
  const GpuHints hints = LookForGpus(device_files);
  std::string why, advice = "see what nvidia-smi says, and whether the driver is too old";
  if (hints.hidden) {
    why = fmt::format("CUDA_VISIBLE_DEVICES='{}' hides the GPUs",
                      OwnVariable("CUDA_VISIBLE_DEVICES"));
    advice = OwnVariable("SLURM_JOB_ID").empty() ? "unset it to use them"
                                                 : "a job gets GPUs with --gpus-per-node";
  } else if (hints.files > 0 || hints.listed > 0) {
    try {
      why = TakeWorking(AskStage(stage_program), hints, devices);
    } catch (const Error& error) {
      why = error.what();
    } catch (const Json::exception& error) {
      devices = {};
      why = fmt::format("{} --devices answers nonsense ({})", stage_program.string(), error.what());
    }
    if (hints.open == 0 && !hints.closed.empty())
      advice = "give the job, the container or its user access to the GPUs' files";
    if (hints.files == 0) advice = "unset CUDA_VISIBLE_DEVICES where there is no GPU";
  }
  const std::string node = NodeName();
  if (!devices.gpus.empty()) {
    if (!why.empty())
      devices.warning = fmt::format(
          "{}: some GPUs get no slot: {}; {}, or name others in "
          "CUDA_VISIBLE_DEVICES",
          node, why, advice);
    return devices;
  }
  if (const std::string who = WhoAsked(device); !who.empty()) {
    devices.error =
        why.empty() ? fmt::format("{}: {}, but there is none; --device cpu runs without", node, who)
                    : fmt::format("{}: {}, but none can be used: {}; {}, or give --device cpu",
                                  node, who, why, advice);
  } else if (!why.empty() && (hints.files > 0 || hints.listed > 0)) {
    devices.warning =
        fmt::format("{}: no GPU can be used, so stages run on the CPU: {}; {}, or say --device cpu",
                    node, why, advice);
  }
  return devices;
}

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  // Round down: a thread on a fraction of a core would only be waited for.
  const double cores = std::min<double>(CPU_COUNT(&set), ReadControlGroups().cores);
  return std::max(1, static_cast<int>(cores));
}

double UsableMemory() {
  const double pages = static_cast<double>(sysconf(_SC_PHYS_PAGES));
  const double memory = pages * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  return std::min(memory, ReadControlGroups().memory);
}

std::string NodeName() {
  // Under Slurm, the name that its commands use.
  if (const char* slurm = std::getenv("SLURMD_NODENAME")) return slurm;
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace zerosweep
