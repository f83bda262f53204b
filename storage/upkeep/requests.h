// The request folder: how a command asks the process that holds the home lock to write for it
// (docs/formats.md).
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

// Requests without a reply, oldest first. One that cannot be read is answered with its error.
std::vector<Request> PollRequests(const Home& home);

// Writes the reply and removes the request. The reply is there before the request is gone.
void WriteReply(const Home& home, const std::string& id, const Json& reply);

// Waits for the reply and removes it; nullopt after `timeout` seconds.
std::optional<Json> WaitForReply(const Home& home, const std::string& id, const Clock& clock,
                                 double timeout);
// Takes a request back that nobody has answered.
void WithdrawRequest(const Home& home, const std::string& id);

// Executes a request with the caller's writer and returns the reply; an Error becomes a reply. The
// coordinator and the commands that hold the lock themselves both call it.
Json ExecuteRequest(const Home& home, ResultsWriter& writer, const Json& body);

}  // namespace zerosweep
