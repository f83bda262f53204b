#include "cluster/coordinator/progress_display.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/terminal.h"
#include "base/text.h"

namespace zerosweep {
namespace {

constexpr double kTerminalPeriod = 0.2;  // seconds
constexpr double kPlainPeriod = 10;
constexpr size_t kPlainStages = 8;  // most stages that plain output names
constexpr int kPlainColumns = 200;
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kReset = "\x1b[0m";

// The last column stays free: some terminals begin a new line when it is written.
std::string Cut(const std::string& text, int columns) { return FirstColumns(text, columns - 1); }

// A failed write (a closed terminal, a full disk under a redirected stderr) stops no run.
void Write(std::FILE* stream, const std::string& text) {
  [[maybe_unused]] const size_t written = std::fwrite(text.data(), 1, text.size(), stream);
}

// "250/500 iterations  41/s  6 s left"
std::string Counts(const ActiveStage& stage) {
  if (stage.total <= 0 && stage.done <= 0) return HumanSeconds(stage.seconds);
  std::string text = stage.total > 0 ? fmt::format("{:.0f}/{:.0f}", stage.done, stage.total)
                                     : fmt::format("{:.0f}", stage.done);
  text += " " + stage.unit;
  const double rate = stage.Rate();
  if (rate <= 0) return text;
  text += rate >= 10 ? fmt::format("  {:.0f}/s", rate) : fmt::format("  {:.2g}/s", rate);
  if (const auto left = stage.SecondsLeft(); left > 0.0)
    text += fmt::format("  {} left", HumanSeconds(*left));
  return text;
}

}  // namespace

DisplayOptions DetectDisplay(bool color_wanted, bool quiet) {
  DisplayOptions options;
  const Screen screen = ScreenOf(STDERR_FILENO, color_wanted);
  options.terminal = options.color = screen.styled;
  options.quiet = quiet;
  if (screen.columns > 0) options.columns = screen.columns;
  if (screen.rows > 0) options.rows = screen.rows;
  return options;
}

std::string Bar(double done, double total, int width) {
  const double part = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 0;
  const int inner = std::max(1, width - 2);
  const int full = static_cast<int>(std::floor(part * inner));
  return "[" + std::string(static_cast<size_t>(full), '#') +
         std::string(static_cast<size_t>(inner - full), '.') + "]";
}

std::string StageLine(const ActiveStage& stage, int columns) {
  const std::string place = stage.place.empty() ? "" : fmt::format("{:<20} ", stage.place);
  std::string line = fmt::format("  {}{:<36} {} {}", place, Cut(stage.label, 37),
                                 Bar(stage.done, stage.total, 18), Counts(stage));
  if (!stage.note.empty()) line += "  " + stage.note;
  return Cut(line, columns);
}

std::string SummaryLine(const RunSnapshot& snapshot) {
  std::string line = fmt::format("trials {}/{}", snapshot.trials_done, snapshot.trials);
  if (snapshot.trials_failed > 0) line += fmt::format(" ({} failed)", snapshot.trials_failed);
  line += fmt::format("  stages {}/{}  {} running", snapshot.stages_done, snapshot.stages,
                      snapshot.running.size());
  if (snapshot.eta_seconds)
    line += fmt::format("  about {} left", HumanSeconds(*snapshot.eta_seconds));
  return line;
}

ProgressDisplay::ProgressDisplay(DisplayOptions options, const Clock& clock)
    : options_(options), clock_(clock), last_(clock.Monotonic()) {}

ProgressDisplay::~ProgressDisplay() { Clear(); }

bool ProgressDisplay::Due() const {
  if (options_.quiet) return false;
  return clock_.Monotonic() - last_ >= (options_.terminal ? kTerminalPeriod : kPlainPeriod);
}

void ProgressDisplay::Update(const RunSnapshot& snapshot) {
  if (!Due()) return;
  last_ = clock_.Monotonic();
  if (options_.terminal) {
    Draw(snapshot);
  } else {
    if (snapshot.trials > 0) Write(options_.stream, SummaryLine(snapshot) + "\n");
    PrintStages(snapshot, kPlainStages);
    std::fflush(options_.stream);
  }
}

void ProgressDisplay::Draw(const RunSnapshot& snapshot) {
  Clear();
  // Failures go into the first line: a watching user must not miss them.
  if (snapshot.trials > 0) {
    const bool failures = snapshot.trials_failed > 0 && options_.color;
    const std::string line =
        Bar(snapshot.trials_done + snapshot.trials_failed, snapshot.trials, 22) + " " +
        SummaryLine(snapshot);
    Write(options_.stream, fmt::format("{}{}{}\n", failures ? kRed : "",
                                       Cut(line, options_.columns), failures ? kReset : ""));
    drawn_ = 1;
  }
  // Lines that scroll off the screen could not be cleared: one row is kept for
  // "and N more", one for the cursor.
  const auto most = static_cast<size_t>(std::max(1, options_.rows - drawn_ - 2));
  drawn_ += PrintStages(snapshot, most);
  std::fflush(options_.stream);
}

int ProgressDisplay::PrintStages(const RunSnapshot& snapshot, size_t most) {
  const size_t shown = std::min(most, snapshot.running.size());
  const int columns = options_.terminal ? options_.columns : kPlainColumns;
  for (size_t i = 0; i < shown; ++i)
    Write(options_.stream, StageLine(snapshot.running[i], columns) + "\n");
  if (shown == snapshot.running.size()) return static_cast<int>(shown);
  const std::string rest = fmt::format("  and {} more", snapshot.running.size() - shown);
  Write(options_.stream, Cut(rest, columns) + "\n");
  return static_cast<int>(shown) + 1;
}

void ProgressDisplay::Clear() {
  if (drawn_ == 0) return;
  Write(options_.stream, fmt::format("\x1b[{}A\r\x1b[J", drawn_));
  drawn_ = 0;
  std::fflush(options_.stream);
}

void ProgressDisplay::Line(const std::string& text, bool problem) {
  if (options_.quiet && !problem) return;
  Clear();
  const bool red = problem && options_.color;
  Write(options_.stream, fmt::format("{}{}{}\n", red ? kRed : "", text, red ? kReset : ""));
  std::fflush(options_.stream);
}

}  // namespace zerosweep
