// Commands that write to a home: by themselves when nobody holds it, else by asking who does.
#pragma once

#include "base/json.h"
#include "cli/command.h"
#include "storage/results/results.h"

namespace zerosweep {

// Executes a request (storage/upkeep/requests.h) under the home lock. When a live coordinator holds
// the home, drops the request and waits for its reply, saying so. Throws kStorage when there is no
// home (unless it may be a new one) or no answer, kUsage with the message of a refusal.
Json ActOnHome(const Home& home, const Json& request, bool may_be_new = false);

// Which trials `retry` and `cancel` mean.
struct TrialSelection {
  std::vector<std::string> ids;  // first characters (6 or more) of trial or stage names
  std::string sweep;
  std::string where;
};
void AddSelection(CLI::App& app, TrialSelection& selection);

struct SelectedTrial {
  std::string trial;
  std::vector<std::string> stages;  // those of the states asked for
};
// Trials in one of `states` that match, with their stages in one of them (none where all are shared
// with trials in other states). `states` are words of our
// own ("failed"). Throws kUsage for an id that names nothing.
std::vector<SelectedTrial> Select(const ResultsReader& reader, const TrialSelection& selection,
                                  const std::vector<std::string>& states);

}  // namespace zerosweep
