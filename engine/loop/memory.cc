#include "engine/loop/memory.h"

#include <malloc.h>

namespace zerosweep {

void KeepFreedMemory() {
  // Some versions of glibc accept no more than 32 MiB.
  if (mallopt(M_MMAP_THRESHOLD, 1 << 30) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace zerosweep
