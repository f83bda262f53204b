#include "cluster/coordinator/live_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cluster/coordinator/outcome.h"

namespace zerosweep {
namespace fs = std::filesystem;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ActiveStage, label, place, done, total, unit, note, seconds,
                                   counted_from, counted_since)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LiveNode, name, slots, busy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LiveView, sweep, run, written, seconds, trials, trials_done,
                                   trials_failed, stages, stages_done, eta_seconds, running, nodes,
                                   problems)

namespace {

constexpr double kOldNews = 15;     // seconds after which the view shows its age
constexpr size_t kMaxNodes = 8;     // beyond this, nodes are only counted
constexpr size_t kMaxProblems = 5;  // the latest ones
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kReset = "\x1b[0m";

// Collects lines of a screen until it is full.
class Screen {
 public:
  Screen(int columns, int rows) : columns_(columns), left_(rows) {}
  void Line(const std::string& text, const char* style = "") {
    if (left_-- <= 0) return;
    const bool styled = *style != '\0';
    text_ += style + FirstColumns(text, columns_) + (styled ? kReset : "") + "\n";
  }
  int left() const { return left_; }
  const std::string& text() const { return text_; }

 private:
  int columns_, left_;
  std::string text_;
};

std::string NodesLine(const std::vector<LiveNode>& nodes) {
  int slots = 0, busy = 0;
  std::vector<std::string> words;
  for (const LiveNode& node : nodes) {
    slots += node.slots;
    busy += node.busy;
    words.push_back(fmt::format("{} {}/{}", node.name, node.busy, node.slots));
  }
  const std::string sum = fmt::format("{} of {} slots busy on {} {}", busy, slots, nodes.size(),
                                      nodes.size() == 1 ? "node" : "nodes");
  return nodes.size() > kMaxNodes ? sum : sum + ": " + Join(words, ", ");
}

void AddProblems(const LiveView& view, bool color, Screen& screen) {
  const size_t shown = std::min(kMaxProblems, view.problems.size());
  for (size_t i = view.problems.size() - shown; i < view.problems.size(); ++i)
    screen.Line(view.problems[i], color ? kRed : "");
}

void AddStages(const std::vector<ActiveStage>& stages, int columns, Screen& screen) {
  const auto most = static_cast<size_t>(std::max(0, screen.left()));
  const bool all = stages.size() <= most;
  const size_t shown = all ? stages.size() : (most > 0 ? most - 1 : 0);
  for (size_t i = 0; i < shown; ++i) screen.Line(StageLine(stages[i], columns));
  if (!all) screen.Line(fmt::format("  and {} more", stages.size() - shown));
}

}  // namespace

Json ToJson(const LiveView& view) { return view; }

LiveView LiveViewFromJson(const Json& json, const std::string& origin) {
  try {
    return json.get<LiveView>();
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kStorage, "{}: {}", origin, error.what());
  }
}

fs::path LiveFile(const Home& home, const std::string& run) { return home.run(run) / "live.json"; }

std::optional<LiveView> ReadLiveView(const Home& home) {
  fs::path newest;
  fs::file_time_type time;
  std::error_code code;
  for (const auto& run : fs::directory_iterator(home.folder / "run", code)) {
    const std::string id = run.path().filename();
    const fs::path file = LiveFile(home, id);
    const auto written = fs::last_write_time(file, code);
    if (code || ReadOutcome(home, id)) continue;
    if (newest.empty() || written > time) {
      newest = file;
      time = written;
    }
  }
  if (newest.empty()) return std::nullopt;
  return LiveViewFromJson(ParseJson(ReadFile(newest), newest.string()), newest.string());
}

std::string RenderLiveView(const LiveView& view, double now, int columns, int rows, bool color) {
  Screen screen(columns, rows);
  std::string head = fmt::format("{}  running for {}", view.sweep, HumanSeconds(view.seconds));
  if (now - view.written > kOldNews)
    head += fmt::format("  (no news for {})", HumanSeconds(now - view.written));
  screen.Line(head, color ? kBold : "");
  std::string sum =
      Bar(view.trials_done + view.trials_failed, view.trials, 22) + " " + SummaryLine(view);
  if (view.stages_done > 0 && view.seconds > 0)
    sum += fmt::format("  {:.3g} stages an hour", 3600 * view.stages_done / view.seconds);
  screen.Line(sum);
  AddProblems(view, color, screen);
  screen.Line(NodesLine(view.nodes));
  AddStages(view.running, columns, screen);
  return screen.text();
}

}  // namespace zerosweep
