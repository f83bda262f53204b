// gc: removes what the home no longer needs.
#include "base/log.h"
#include "base/text.h"
#include "cli/home_action.h"
#include "cli/value_kinds.h"
#include "storage/upkeep/garbage.h"

namespace zerosweep {
namespace {

int RunGc(double min_age, const Globals& globals) {
  const Json reply = ActOnHome(globals.home(), {{"command", "gc"}, {"min_age", min_age}});
  spdlog::info(
      "removed {} unfinished stagings, {} unclaimed artifacts, the checkpoints of {} stages and {} "
      "left-over files ({})",
      reply.value("staging", 0), reply.value("artifacts", 0), reply.value("checkpoints", 0),
      reply.value("files", 0), HumanBytes(reply.value("bytes", 0.0)));
  return kExitOk;
}

const RegisterCommand kGc{"gc", "Remove what crashes left behind in the home",
                          [](CLI::App& app, double& min_age) {
                            min_age = kGarbageMinAge;
                            app.add_option("--min-age", min_age,
                                           "Leave anything younger than this many seconds alone")
                                ->type_name(kind::kSeconds)
                                ->check(CLI::NonNegativeNumber);
                          },
                          RunGc};

}  // namespace
}  // namespace zerosweep
