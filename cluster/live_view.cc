#include "cluster/live_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "cluster/outcome.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr double kOldNews = 15;      // seconds: then the view says how old it is
constexpr size_t kMostNodes = 8;     // more are counted
constexpr size_t kMostProblems = 5;  // of which the latest are shown
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kReset = "\x1b[0m";

Json ToJson(const ActiveStage& stage) {
  return {{"label", stage.label},    {"place", stage.place}, {"done", stage.done},
          {"total", stage.total},    {"unit", stage.unit},   {"note", stage.note},
          {"seconds", stage.seconds}};
}

ActiveStage ActiveStageFromJson(const Json& json) {
  ActiveStage stage;
  json.at("label").get_to(stage.label);
  json.at("place").get_to(stage.place);
  json.at("done").get_to(stage.done);
  json.at("total").get_to(stage.total);
  json.at("unit").get_to(stage.unit);
  json.at("note").get_to(stage.note);
  json.at("seconds").get_to(stage.seconds);
  return stage;
}

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
  return nodes.size() > kMostNodes ? sum : sum + ": " + Join(words, ", ");
}

void AddProblems(const LiveView& view, bool color, Screen& screen) {
  const size_t shown = std::min(kMostProblems, view.problems.size());
  for (size_t i = view.problems.size() - shown; i < view.problems.size(); ++i)
    screen.Line(view.problems[i], color ? kRed : "");
}

void AddStages(const RunSnapshot& snapshot, int columns, Screen& screen) {
  const auto most = static_cast<size_t>(std::max(0, screen.left()));
  const bool all = snapshot.active.size() <= most;
  const size_t shown = all ? snapshot.active.size() : (most > 0 ? most - 1 : 0);
  for (size_t i = 0; i < shown; ++i) screen.Line(StageLine(snapshot.active[i], columns));
  if (!all) screen.Line(fmt::format("  and {} more", snapshot.active.size() - shown));
}

}  // namespace

Json ToJson(const LiveView& view) {
  const RunSnapshot& snapshot = view.snapshot;
  Json active = Json::array(), nodes = Json::array();
  for (const ActiveStage& stage : snapshot.active) active.push_back(ToJson(stage));
  for (const LiveNode& node : view.nodes)
    nodes.push_back({{"name", node.name}, {"slots", node.slots}, {"busy", node.busy}});
  return {{"sweep", view.sweep},
          {"run", view.run},
          {"written", view.written},
          {"seconds", view.seconds},
          {"trials", snapshot.trials},
          {"trials_done", snapshot.trials_done},
          {"trials_failed", snapshot.trials_failed},
          {"stages", snapshot.stages},
          {"stages_done", snapshot.stages_done},
          {"eta_seconds", snapshot.eta >= 0 ? Json(snapshot.eta) : Json()},
          {"running", active},
          {"nodes", nodes},
          {"problems", view.problems}};
}

LiveView LiveViewFromJson(const Json& json, const std::string& origin) {
  try {
    LiveView view;
    json.at("sweep").get_to(view.sweep);
    json.at("run").get_to(view.run);
    json.at("written").get_to(view.written);
    json.at("seconds").get_to(view.seconds);
    RunSnapshot& snapshot = view.snapshot;
    json.at("trials").get_to(snapshot.trials);
    json.at("trials_done").get_to(snapshot.trials_done);
    json.at("trials_failed").get_to(snapshot.trials_failed);
    json.at("stages").get_to(snapshot.stages);
    json.at("stages_done").get_to(snapshot.stages_done);
    if (!json.at("eta_seconds").is_null()) json["eta_seconds"].get_to(snapshot.eta);
    for (const Json& stage : json.at("running"))
      snapshot.active.push_back(ActiveStageFromJson(stage));
    for (const Json& node : json.at("nodes"))
      view.nodes.push_back({node.at("name"), node.at("slots"), node.at("busy")});
    json.at("problems").get_to(view.problems);
    return view;
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
  const RunSnapshot& snapshot = view.snapshot;
  std::string sum = Bar(snapshot.trials_done + snapshot.trials_failed, snapshot.trials, 22) + " " +
                    SummaryLine(snapshot);
  if (snapshot.stages_done > 0 && view.seconds > 0)
    sum += fmt::format("  {:.3g} stages an hour", 3600 * snapshot.stages_done / view.seconds);
  screen.Line(sum);
  AddProblems(view, color, screen);
  screen.Line(NodesLine(view.nodes));
  AddStages(snapshot, columns, screen);
  return screen.text();
}

}  // namespace zerosweep
