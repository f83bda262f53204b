// The output of one slot's stage processes, split into one file per attempt.
#pragma once

#include <filesystem>
#include <string>

#include "storage/home/home.h"

namespace zerosweep {

// The process appends to the slot's own file, `logs/slots/<name>.log`. While an attempt runs,
// `logs/<2 hex>/<attempt>.log` is a symbolic link to it, so that the log can be read live and
// remains even if everything is killed. At the attempt's end, a redacted copy of its output (the
// last 4 MiB) replaces the link. Single-threaded.
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
  // Returns the last lines. A failure to copy is only reported in the log: a full disk must not
  // hide how the attempt ended.
  std::string End();

 private:
  Home home_;
  std::filesystem::path path_;
  std::filesystem::path link_;  // the open attempt's link; empty: none
};

}  // namespace zerosweep
