// fsck: checks the database, every artifact and every checkpoint of the home.
#include "storage/upkeep/fsck.h"

#include "base/log.h"
#include "cli/output/table.h"

namespace zerosweep {
namespace {

int RunFsck(const Globals& globals) {
  const std::vector<Finding> findings = Fsck(globals.home());
  Table table{.columns = {"what", "problem", "advice"}};
  for (const Finding& finding : findings) {
    table.rows.push_back({finding.what, finding.problem, finding.advice});
  }
  if (!findings.empty() || globals.format != "table") PrintTable(table, globals);
  if (findings.empty()) spdlog::info("the home is whole");
  return findings.empty() ? kExitOk : kExitInfrastructure;
}

const RegisterCommand kFsck{
    "fsck", "Check the database, artifacts and checkpoints (changes nothing)", RunFsck};

}  // namespace
}  // namespace zerosweep
