#include "engine/loop/memory.h"

#include <malloc.h>

#include <fstream>
#include <string>

namespace zerosweep {

void KeepFreedMemory() {
  // Some versions of glibc accept no more than 32 MiB.
  if (mallopt(M_MMAP_THRESHOLD, 1 << 30) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

void ForgetPeakMemory() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;  // proc(5)
}

double PeakMemory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  double kibibytes = 0;
  while (status >> word)
    if (word == "VmHWM:") status >> kibibytes;
  return 1024 * kibibytes;
}

}  // namespace zerosweep
