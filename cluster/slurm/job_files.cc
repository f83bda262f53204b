#include "cluster/slurm/job_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace zerosweep {
namespace fs = std::filesystem;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobSpec, sweep, folder, program, arguments, container, sbatch,
                                   max_restarts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(JobState, job, cluster, submitted, earlier,
                                                restarts, losses, cancelled, ended)

// A warning signal during the user's lines must not end the job; zerosweep itself listens to it.
const char* const kJobScript = R"(#!/bin/bash
# Always the same text: what differs is in the folder "$2". "$1" is zerosweep.
trap '' USR1
[ ! -e "$2/setup.sh" ] || . "$2/setup.sh"
exec "$1" batch "$2"
)";

namespace {

// Follows every user line: without it a failing line would only show later, as a worse error.
constexpr const char* kCheckLine =
    "[ $? = 0 ] || { echo \"zerosweep: line $((LINENO - 1)) of ${BASH_SOURCE[0]} failed\" >&2; "
    "exit "
    "4; }\n";

std::string Text(const Json& json) {
  try {
    return json.dump(1) + "\n";
  } catch (const nlohmann::json::exception&) {
    Fail(ErrorKind::kUsage, "a path or option of this job is not UTF-8 text: rename it");
  }
}

Json ReadJson(const fs::path& path) {
  const Json json = Json::parse(ReadFile(path), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) Fail(ErrorKind::kStorage, "{} is not a JSON object", path.string());
  return json;
}

}  // namespace

Json ToJson(const JobSpec& spec) {
  Json json = spec;
  json["format"] = 1;
  return json;
}

void WriteJob(const Home& home, const std::string& id, const JobSpec& spec,
              const std::vector<std::string>& setup) {
  const std::string text = Text(ToJson(spec));
  const fs::path folder = home.job(id);
  MakePrivateFolder(folder);
  WriteFileDurably(folder / "job.json", text);
  WriteFileDurably(folder / "job.sh", kJobScript);
  std::string lines;
  for (const std::string& line : setup) lines += line + "\n" + kCheckLine;
  if (!lines.empty()) WriteFileDurably(folder / "setup.sh", lines);
}

JobSpec ReadJobSpec(const fs::path& folder) {
  const fs::path path = folder / "job.json";
  const Json json = ReadJson(path);
  try {
    return json.get<JobSpec>();
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kStorage, "{} is malformed: {}", path.string(), error.what());
  }
}

JobState ReadJobState(const fs::path& folder) {
  if (!IsFile(folder / "state.json")) return {};
  try {
    return ReadJson(folder / "state.json").get<JobState>();
  } catch (const std::exception& error) {
    spdlog::warn("{}: {}", folder.string(), error.what());
    return {};
  }
}

void WriteJobState(const fs::path& folder, const JobState& state) {
  WriteFileAtomically(folder / "state.json", Text(state));
}

std::vector<RememberedJob> RememberedJobs(const Home& home) {
  std::vector<RememberedJob> jobs;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(home.jobs(), code)) {
    try {
      jobs.push_back(
          {entry.path().filename(), ReadJobSpec(entry.path()), ReadJobState(entry.path())});
    } catch (const Error& error) {
      spdlog::warn("{}", error.what());
    }
  }
  std::ranges::sort(jobs, {}, [](const RememberedJob& job) { return job.state.submitted; });
  return jobs;
}

}  // namespace zerosweep
