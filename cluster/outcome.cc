#include "cluster/outcome.h"

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/log.h"

namespace zerosweep {
namespace {
constexpr const char* kFile = "outcome.json";
}  // namespace

void WriteOutcome(const Home& home, const std::string& run, const Outcome& outcome) {
  MakePrivateFolder(home.run(run));
  const Json json = {{"exit_code", outcome.exit_code},
                     {"done", outcome.trials_done},
                     {"failed", outcome.trials_failed},
                     {"cancelled", outcome.trials_cancelled},
                     {"open", outcome.trials_open},
                     {"stages_run", outcome.stages_run},
                     {"attempts_failed", outcome.attempts_failed},
                     {"seconds", outcome.seconds},
                     {"message", outcome.message}};
  WriteFileAtomically(home.run(run) / kFile, json.dump(1) + "\n");
}

bool WriteFailure(const Home& home, const std::string& run, const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  Outcome outcome;
  outcome.exit_code = known == nullptr ? int{kExitInternal} : ExitCodeFor(known->kind());
  outcome.message = error.what();
  try {
    WriteOutcome(home, run, outcome);
    return true;
  } catch (const Error& second) {  // the same full disk: the first error is the one to tell
    spdlog::debug("{}", second.what());
    return false;
  }
}

std::optional<Outcome> ReadOutcome(const Home& home, const std::string& run) {
  const std::filesystem::path path = home.run(run) / kFile;
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return std::nullopt;
  try {
    const Json json = ParseJson(ReadFile(path), path.string());
    Outcome outcome;
    json.at("exit_code").get_to(outcome.exit_code);
    json.at("done").get_to(outcome.trials_done);
    json.at("failed").get_to(outcome.trials_failed);
    json.at("cancelled").get_to(outcome.trials_cancelled);
    json.at("open").get_to(outcome.trials_open);
    json.at("stages_run").get_to(outcome.stages_run);
    json.at("attempts_failed").get_to(outcome.attempts_failed);
    json.at("seconds").get_to(outcome.seconds);
    json.at("message").get_to(outcome.message);
    return outcome;
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kCluster, "{} is malformed: {}", path.string(), error.what());
  }
}

}  // namespace zerosweep
