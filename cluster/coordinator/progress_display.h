// The progress that a run shows on stderr: live bars on a terminal, plain lines elsewhere.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace zerosweep {

struct ActiveStage {
  std::string label;  // "synthesize zeroq resnet20"
  double done = 0, total = 0;
  std::string unit;
  std::string note;
  double seconds = 0;        // since it started
  double counted_from = 0;   // the first value of the present count,
  double counted_since = 0;  // and when that came, in seconds since the start
  std::string place = {};    // "node-a/slot 0"; "": not shown

  // Units of the present count in a second; 0 while unknown.
  double Rate() const {
    const double passed = seconds - counted_since;
    return passed > 0 ? (done - counted_from) / passed : 0;
  }
  // Until the end of the present count; nullopt while unknown.
  std::optional<double> SecondsLeft() const {
    if (total > 0 && done >= total) return 0;
    if (Rate() <= 0 || total <= 0) return std::nullopt;
    return (total - done) / Rate();
  }
};

struct RunSnapshot {
  int trials = 0;  // 0: a single job, without a summary
  int trials_done = 0, trials_failed = 0;
  int stages = 0, stages_done = 0;  // in this run
  std::optional<double> eta_seconds;
  std::vector<ActiveStage> running;  // by slot
};

struct DisplayOptions {
  std::FILE* stream = stderr;
  bool terminal = false;  // redraw in place
  bool color = false;
  bool quiet = false;
  int columns = 80;
  int rows = 24;
};

// The options for stderr, by the rule of base/terminal.h.
DisplayOptions DetectDisplay(bool color_wanted, bool quiet);

// Single-threaded. Redraws at most 5 times a second on a terminal; elsewhere prints a summary and
// the first running stages every 10 s.
class ProgressDisplay {
 public:
  ProgressDisplay(DisplayOptions options, const Clock& clock);
  // Clears the bars.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // Whether Update would show anything now (making a snapshot is expensive).
  bool Due() const;
  void Update(const RunSnapshot& snapshot);
  // One lasting line ("done  quantize minmax w4a4  3.2 s"); with `problem`, shown even when quiet.
  void Line(const std::string& text, bool problem = false);

 private:
  void Clear();
  void Draw(const RunSnapshot& snapshot);
  // Returns the number of lines: at most `most`, plus one if there are more stages.
  int PrintStages(const RunSnapshot& snapshot, size_t most);

  DisplayOptions options_;
  const Clock& clock_;
  double last_ = -1e9;
  int drawn_ = 0;  // lines of bars on the screen
};

// "[#####.....]": `width` characters with the brackets; done/total is clamped to 0…1.
std::string Bar(double done, double total, int width);
// One running stage's line: label, bar, counts, rate and time left, at most `columns` wide.
std::string StageLine(const ActiveStage& stage, int columns);
// "trials 3/9 (1 failed)  stages 7/20  2 running  about 40 s left"
std::string SummaryLine(const RunSnapshot& snapshot);

}  // namespace zerosweep
