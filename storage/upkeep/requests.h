// The request folder: through it a command asks the process that holds the home lock to write on
// its behalf (docs/formats.md).
//
//   requests/<uuid>.json        {"command": "retry", "stages": […]} · {"command": "cancel",
//                               "trials": […]} · {"command": "gc", "min_age": 3600} ·
//                               {"command": "import", "bundle": "/path/of/file"}
//   requests/<uuid>.reply.json  {"ok": true, …counts} · {"ok": false, "error": "…"}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "storage/results/results.h"

namespace zerosweep {

struct Request {
  std::string id;
  Json body;
};

// Writes a request (temporary name + rename) and returns its id. Throws kStorage.
std::string DropRequest(const Home& home, const Json& body);

// Returns the requests without a reply, oldest first. Answers one that cannot be read with its
// error.
std::vector<Request> PollRequests(const Home& home);

// Writes the reply and then removes the request.
void WriteReply(const Home& home, const std::string& id, const Json& reply);

// Waits for the reply and removes it. Returns nullopt after `timeout` seconds.
std::optional<Json> WaitForReply(const Home& home, const std::string& id, const Clock& clock,
                                 double timeout);
// Withdraws a request that has no reply.
void WithdrawRequest(const Home& home, const std::string& id);

// Executes a request with the caller's writer and returns the reply. An Error becomes a reply,
// except kCluster (the writer is fenced), which is thrown on. Both the coordinator and the commands
// that hold the lock themselves call it.
Json ExecuteRequest(const Home& home, ResultsWriter& writer, const Json& body);

}  // namespace zerosweep
