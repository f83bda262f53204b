// What the stage processes of one slot print, cut into one file per attempt.
#pragma once

#include <filesystem>
#include <string>

#include "storage/home/home.h"

namespace zerosweep {

// The process appends to the slot's own file, `logs/slots/<name>.log`. While an attempt runs,
// `logs/<2 hex>/<attempt>.log` is a symbolic link to it, so that it can be read live and is there
// even if everything is killed; at the attempt's end the link is replaced by a redacted copy of
// what it printed (the last 4 MiB). One thread.
class AttemptLog {
 public:
  // Throws kStorage when the folder cannot be made.
  AttemptLog(Home home, std::string slot_name);
  ~AttemptLog();
  AttemptLog(const AttemptLog&) = delete;
  AttemptLog& operator=(const AttemptLog&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Empties the slot's file. Each rank of an attempt has a log of its own. REQUIRES: no attempt is
  // open.
  void Begin(const std::string& attempt, int rank = 0);
  // Returns the last lines. Failing to copy is reported in the log only: a full disk must not hide
  // how the attempt ended.
  std::string End();

 private:
  Home home_;
  std::filesystem::path path_;
  std::filesystem::path link_;  // of the open attempt; empty: none
};

}  // namespace zerosweep
