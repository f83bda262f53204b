// A running run's view of itself: `run/<id>/live.json`, for `zerosweep watch`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cluster/coordinator/progress_display.h"
#include "storage/home/home.h"

namespace zerosweep {

struct LiveNode {
  std::string name;
  int slots = 0, busy = 0;
};

struct LiveView : RunSnapshot {
  std::string sweep, run;
  double written = 0;  // seconds since 1970
  double seconds = 0;  // since the run began
  std::vector<LiveNode> nodes;
  std::vector<std::string> problems;  // the latest final failures and lost workers, oldest first
};

Json ToJson(const LiveView& view);
// Throws kStorage when `json` is not such a view.
LiveView LiveViewFromJson(const Json& json, const std::string& origin);

std::filesystem::path LiveFile(const Home& home, const std::string& run);
// The view of the run in this home that wrote one last and has no outcome yet; nullopt when there
// is none. Only the home's lock shows whether that run is still alive.
std::optional<LiveView> ReadLiveView(const Home& home);

// The view for a screen: summary, problems, nodes, running stages; at most `rows` lines of
// `columns`.
std::string RenderLiveView(const LiveView& view, double now, int columns, int rows, bool color);

}  // namespace zerosweep
