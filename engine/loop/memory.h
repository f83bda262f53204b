// Memory of a long computation.
#pragma once

namespace zerosweep {

// Keeps freed memory in the process from now on. The tensors of a step are as large as those of the
// step before; memory given back to the kernel would be mapped and zeroed again at every step
// (docs/performance.md).
void KeepFreedMemory();

// Gives freed memory back once, and lets PeakMemory() begin anew.
void ForgetPeakMemory();
// The largest resident memory in bytes since then, or, if the kernel keeps no such count, since the
// process began; 0 if it tells nothing.
double PeakMemory();

}  // namespace zerosweep
