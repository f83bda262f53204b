// Commands that write to a home: directly when no process holds it, otherwise through the process
// that does.
#pragma once

#include "base/json.h"
#include "cli/command.h"
#include "storage/results/results.h"

namespace zerosweep {

// Executes a request (storage/upkeep/requests.h) under the home lock. When a live coordinator holds
// the home, leaves the request there, waits for its reply, and logs that. Throws kStorage when
// there is no home (unless `may_be_new`) or no answer, kUsage with the message of a refusal.
Json ActOnHome(const Home& home, const Json& request, bool may_be_new = false);

// The trials that `retry` and `cancel` act on.
struct TrialSelection {
  std::vector<std::string> ids;  // first characters (6 or more) of trial or stage names
  std::string sweep;
  std::string where;
};
void AddSelection(CLI::App& app, TrialSelection& selection);

struct SelectedTrial {
  std::string trial;
  std::vector<std::string> stages;  // those in one of the requested states
};
// The matching trials in one of `states`, each with its stages in one of them (none where it shares
// all of these with trials in other states). `states` are the database's words ("failed"). Throws
// kUsage for an id that names nothing.
std::vector<SelectedTrial> Select(const ResultsReader& reader, const TrialSelection& selection,
                                  const std::vector<std::string>& states);

}  // namespace zerosweep
