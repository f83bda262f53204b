#include "cluster/coordinator/outcome.h"

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"

namespace zerosweep {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Outcome, exit_code, done, failed, cancelled, open, stages_run,
                                   attempts_failed, seconds, message)

namespace {
constexpr const char* kFile = "outcome.json";
}  // namespace

void WriteOutcome(const Home& home, const std::string& run, const Outcome& outcome) {
  MakePrivateFolder(home.run(run));
  WriteFileAtomically(home.run(run) / kFile, Json(outcome).dump(1) + "\n");
}

bool WriteFailure(const Home& home, const std::string& run, const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  Outcome outcome;
  outcome.exit_code = known == nullptr ? int{kExitInternal} : ExitCodeFor(known->kind());
  outcome.message = error.what();
  try {
    WriteOutcome(home, run, outcome);
    return true;
  } catch (const Error& second) {  // the same full disk: report only the first error
    spdlog::debug("{}", second.what());
    return false;
  }
}

std::optional<Outcome> ReadOutcome(const Home& home, const std::string& run) {
  const std::filesystem::path path = home.run(run) / kFile;
  if (!IsFile(path)) return std::nullopt;
  try {
    return ParseJson(ReadFile(path), path.string()).get<Outcome>();
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kCluster, "{} is malformed: {}", path.string(), error.what());
  }
}

}  // namespace zerosweep
