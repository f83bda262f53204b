#include "cluster/job_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace zerosweep {
namespace fs = std::filesystem;

// A warning that comes while the user's lines run must not end the job: zerosweep itself listens.
const char* const kJobScript = R"(#!/bin/bash
# Always the same text: what differs is in the folder "$2". "$1" is zerosweep.
trap '' USR1
[ ! -e "$2/setup.sh" ] || . "$2/setup.sh"
exec "$1" batch "$2"
)";

namespace {

// After every line of the user's: what fails would only show later, and worse.
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
  if (!json.is_object()) Fail(ErrorKind::kStorage, "{} is no JSON object", path.string());
  return json;
}

}  // namespace

Json ToJson(const JobSpec& spec) {
  return {{"format", 1},
          {"sweep", spec.sweep},
          {"folder", spec.folder},
          {"program", spec.program},
          {"arguments", spec.arguments},
          {"container", spec.container},
          {"sbatch", spec.sbatch},
          {"max_restarts", spec.max_restarts}};
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
    JobSpec spec;
    json.at("sweep").get_to(spec.sweep);
    json.at("folder").get_to(spec.folder);
    json.at("program").get_to(spec.program);
    json.at("arguments").get_to(spec.arguments);
    json.at("container").get_to(spec.container);
    json.at("sbatch").get_to(spec.sbatch);
    json.at("max_restarts").get_to(spec.max_restarts);
    return spec;
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kStorage, "{} is malformed: {}", path.string(), error.what());
  }
}

JobState ReadJobState(const fs::path& folder) {
  std::error_code code;
  if (!fs::exists(folder / "state.json", code)) return {};
  try {
    const Json json = ReadJson(folder / "state.json");
    JobState state;
    state.job = json.value("job", "");
    state.cluster = json.value("cluster", "");
    state.submitted = json.value("submitted", 0.0);
    state.earlier = json.value("earlier", std::vector<std::string>());
    state.restarts = json.value("restarts", 0);
    state.losses = json.value("losses", 0);
    state.cancelled = json.value("cancelled", false);
    state.ended = json.value("ended", "");
    return state;
  } catch (const std::exception& error) {
    spdlog::warn("{}: {}", folder.string(), error.what());
    return {};
  }
}

void WriteJobState(const fs::path& folder, const JobState& state) {
  const Json json = {{"job", state.job},
                     {"cluster", state.cluster},
                     {"submitted", state.submitted},
                     {"earlier", state.earlier},
                     {"restarts", state.restarts},
                     {"losses", state.losses},
                     {"cancelled", state.cancelled},
                     {"ended", state.ended}};
  WriteFileAtomically(folder / "state.json", Text(json));
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
  std::sort(jobs.begin(), jobs.end(),
            [](const auto& a, const auto& b) { return a.state.submitted < b.state.submitted; });
  return jobs;
}

}  // namespace zerosweep
