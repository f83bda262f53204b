// A home's lock file as another owner would have written it.
#pragma once

#include "base/files.h"
#include "base/json.h"
#include "storage/home/home.h"

namespace zerosweep {

// Rewrites these facts of the lock file.
inline void ForgeLock(const Home& home, const Json& facts) {
  Json lock = ParseJson(ReadFile(home.lock()), "lock");
  lock.update(facts);
  std::filesystem::remove(home.lock());
  WriteFileDurably(home.lock(), lock.dump());
}

}  // namespace zerosweep
