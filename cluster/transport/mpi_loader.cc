#include "cluster/transport/mpi_loader.h"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/process/spawn.h"

namespace zerosweep {
namespace {

constexpr int kServerPatience = 2000;                // milliseconds
constexpr std::chrono::seconds kStartPatience(120);  // enough for thousands of ranks

// Whether a server listens at `address`: "127.0.0.1:4711", "[::1]:4711".
bool Listens(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return false;
  std::string host = address.substr(0, colon);
  std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
  addrinfo hints{}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0)
    return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> place(found, freeaddrinfo);
  const int fd = socket(place->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool answers = connect(fd, place->ai_addr, place->ai_addrlen) == 0;
  pollfd state{fd, POLLOUT, 0};
  if (!answers && errno == EINPROGRESS && poll(&state, 1, kServerPatience) > 0) {
    int error = 0;
    socklen_t size = sizeof error;
    answers = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  close(fd);
  return answers;
}

// The variables are like PMIX_SERVER_URI41=prterun-host-1@0.0;tcp4://127.0.0.1:56079; there is one
// for each PMIx version, and most have the same address.
bool PmixServerAnswers() {
  for (const auto& [name, value] : OwnEnvironment()) {
    if (!name.starts_with("PMIX_SERVER_URI") || value.empty()) continue;
    const size_t scheme = value.find("://");
    if (scheme == std::string::npos) continue;
    const size_t start = scheme + 3;
    if (Listens(value.substr(start, value.find_first_of(";/", start) - start))) return true;
  }
  return false;
}

// Whether slurmstepd is among our ancestors: a shell keeps the variables of a step that has ended.
bool IsInsideStep() {
  std::string parent = std::to_string(getppid());
  while (parent != "0") {
    std::ifstream file("/proc/" + parent + "/stat");
    std::string line;
    std::getline(file, line);  // "12 (slurmstepd) S 1 …"
    const size_t open = line.find('('), close = line.rfind(')');
    if (close == std::string::npos || close + 4 > line.size()) return false;
    if (line.substr(open + 1, close - open - 1).starts_with("slurmstepd")) return true;
    const size_t start = close + 4;
    parent = line.substr(start, line.find(' ', start) - start);
  }
  return false;
}

// Ends the process unless it is destroyed in time. MPI waits without limit for a server that does
// not answer, and no signal interrupts the wait. After a server has ended, another program may
// listen on its port and never answer.
class StartLimit {
 public:
  StartLimit() : thread_([this] { Wait(); }) {}
  ~StartLimit() {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      started_ = true;
    }
    change_.notify_one();
    thread_.join();
  }
  StartLimit(const StartLimit&) = delete;
  StartLimit& operator=(const StartLimit&) = delete;

 private:
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (change_.wait_for(lock, kStartPatience, [this] { return started_; })) return;
    std::fprintf(
        stderr,
        "zerosweep: MPI has not begun within %d s: if no mpirun or srun started this, unset "
        "PMIX_RANK and OMPI_COMM_WORLD_SIZE\n",
        static_cast<int>(kStartPatience.count()));
    _exit(kExitInfrastructure);
  }

  std::mutex mutex_;
  std::condition_variable change_;
  bool started_ = false;
  std::thread thread_;
};

int NumberFrom(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace

std::filesystem::path MpiModuleFolder() {
  return ProgramFolder().parent_path() / "lib" / "zerosweep";
}

std::filesystem::path Mpirun() {
  std::error_code is_no_link;
  const auto linked = std::filesystem::read_symlink(MpiModuleFolder() / "mpirun", is_no_link);
  if (!is_no_link) return linked;
  // ENVIRONMENT/lib/python3.N/site-packages/zerosweep/bin
  return (ProgramFolder() / "../../../../../bin/mpirun").lexically_normal();
}

void* LoadMpiModule(const std::filesystem::path& folder) {
  // Open MPI's own plug-ins look up its symbols globally.
  void* module = dlopen((folder / "zerosweep_mpi.so").c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    Fail(ErrorKind::kCluster,
         "cannot load the MPI transport: {}; build or install it, or run without --ranks",
         dlerror());
  }
  return module;
}

std::unique_ptr<Transport> JoinMpi(const std::filesystem::path& folder) {
  using Factory = Transport* (*)();
  const auto make =
      reinterpret_cast<Factory>(dlsym(LoadMpiModule(folder), "zerosweep_make_mpi_transport"));
  if (make == nullptr)
    Fail(ErrorKind::kCluster, "{} holds no MPI transport; build again", folder.string());
  const StartLimit limit;
  return std::unique_ptr<Transport>(make());
}

LaunchEnvironment DetectLauncher() {
  LaunchEnvironment found;
  const bool by_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr;
  const bool by_pmix = std::getenv("PMIX_RANK") != nullptr;
  found.inside = (by_mpirun || by_pmix) && PmixServerAnswers();
  const int step_tasks = NumberFrom("SLURM_STEP_NUM_TASKS", 1);
  if (found.inside) found.tasks = NumberFrom("OMPI_COMM_WORLD_SIZE", step_tasks);
  found.split_step = !found.inside && step_tasks > 1 && IsInsideStep();
  return found;
}

}  // namespace zerosweep
