// watch: a live view of the active run in a home.
#include <unistd.h>

#include <cstdio>

#include "base/clock.h"
#include "base/log.h"
#include "base/terminal.h"
#include "cli/output/table.h"
#include "cli/value_kinds.h"
#include "cluster/coordinator/live_view.h"
#include "cluster/coordinator/outcome.h"
#include "cluster/run/signals.h"
#include "storage/home/home_lock.h"

namespace zerosweep {
namespace {

constexpr double kTurn = 0.1;  // seconds between two checks for signals
// A redirected view is shown in full.
constexpr int kEndlessRows = 1'000'000, kEndlessColumns = 1'000;
// For a terminal that does not report its size.
constexpr int kUsualRows = 24, kUsualColumns = 80;

struct WatchArguments {
  double interval = 1;  // seconds
  bool once = false;
};

void Print(const std::string& text) {
  [[maybe_unused]] const size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void PrintOnce(const LiveView& view, const Globals& globals) {
  if (globals.format == "json") return PrintObject(ToJson(view));
  Print(RenderLiveView(view, SystemClock().Unix(), kEndlessColumns, kEndlessRows, false));
}

// Draws from the upper left corner over the previous content.
void Redraw(const LiveView& view, const Globals& globals) {
  const Screen screen = ScreenOf(STDOUT_FILENO, globals.color);
  const int columns = screen.columns > 0 ? screen.columns : kUsualColumns;
  const int rows = screen.rows > 0 ? screen.rows : kUsualRows;
  Print("\x1b[H\x1b[J" +
        RenderLiveView(view, SystemClock().Unix(), columns, rows - 1, screen.styled));
}

void Wait(double seconds, const DrainSignals& signals) {
  const double start = SystemClock().Monotonic();
  while (!signals.Requested() && SystemClock().Monotonic() - start < seconds)
    SystemClock().Sleep(kTurn);
}

// Follows the run until it has ended, its process is gone, or a signal comes.
void Follow(LiveView view, const WatchArguments& arguments, const Globals& globals) {
  const DrainSignals signals;
  const Home home = globals.home();
  while (!signals.Requested()) {
    Redraw(view, globals);
    Wait(arguments.interval, signals);
    if (const auto outcome = ReadOutcome(home, view.run)) {
      spdlog::info("{}: the run has ended: {} trials done, {} failed, {} left", view.sweep,
                   outcome->done, outcome->failed, outcome->open);
      return;
    }
    if (!HomeLock::IsHeld(home)) {
      spdlog::warn("{}: its coordinator died; `zerosweep run` continues the sweep", view.sweep);
      return;
    }
    if (auto news = ReadLiveView(home)) view = std::move(*news);
  }
}

int RunWatch(const WatchArguments& arguments, const Globals& globals) {
  if (globals.format == "csv")
    Fail(ErrorKind::kUsage, "watch has no rows for CSV: use --format json");
  const Home home = globals.home();
  const bool held = HomeLock::IsHeld(home);
  const auto view = held ? ReadLiveView(home) : std::nullopt;
  if (!view) {
    spdlog::info("{} {}; `zerosweep status` shows the state of its sweeps",
                 held ? "the run has not reported anything yet in" : "no run is active in",
                 home.folder.string());
    return kExitNothingToDo;
  }
  const bool follow = !arguments.once && globals.format == "table" &&
                      ScreenOf(STDOUT_FILENO, globals.color).redraws;
  follow ? Follow(*view, arguments, globals) : PrintOnce(*view, globals);
  return kExitOk;
}

const RegisterCommand kWatch{
    "watch", "Watch the active run: problems first, nodes, running stages, time left",
    [](CLI::App& app, WatchArguments& arguments) {
      app.add_option("--interval", arguments.interval, "Seconds between two updates")
          ->type_name(kind::kSeconds)
          ->check(CLI::Range(0.2, 3600.0));
      app.add_flag("--once", arguments.once,
                   "Print the view once (also when the output is not a terminal)");
    },
    RunWatch};

}  // namespace
}  // namespace zerosweep
