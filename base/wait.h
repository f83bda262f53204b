// Waits for a condition with symbols that older systems' libstdc++ has too.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace zerosweep {

// As `changed.wait(lock, done)`. GCC 12 binds that call to GLIBCXX_3.4.30, the only symbol that
// would keep the programs from running with GCC 11's libstdc++ (RHEL 9).
template <typename Done>
void WaitUntil(std::condition_variable& changed, std::unique_lock<std::mutex>& lock, Done done) {
  while (!changed.wait_for(lock, std::chrono::hours(1), done)) {
  }
}

}  // namespace zerosweep
