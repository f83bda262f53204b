#include "cluster/node.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace zerosweep {
namespace {

bool IsDigits(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

int VisibleGpus() {
  int devices = 0;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", code)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("nvidia") && IsDigits(name.substr(6))) ++devices;
  }
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (devices == 0 || visible == nullptr) return devices;
  const std::string list = visible;
  if (list.empty() || list.starts_with("-")) return 0;
  return static_cast<int>(std::count(list.begin(), list.end(), ',')) + 1;
}

double UsableMemory() {
  const double pages = static_cast<double>(sysconf(_SC_PHYS_PAGES));
  double memory = pages * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  for (const char* limit : {"/sys/fs/cgroup/memory.max",                       // version 2
                            "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {  // version 1
    std::ifstream file(limit);
    double bytes = 0;
    if (file >> bytes) memory = std::min(memory, bytes);
  }
  return memory;
}

std::string NodeName() {
  // Under Slurm the name that its commands know.
  if (const char* slurm = std::getenv("SLURMD_NODENAME")) return slurm;
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace zerosweep
