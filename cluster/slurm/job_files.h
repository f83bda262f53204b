// A home's records of the Slurm jobs that were submitted for it: jobs/<id>/, written by `submit`
// and read by the job itself.
//
//   job.json    what to run; written once (mode 0600)
//   job.sh      the script, always the same
//   state.json  the job's state: its numbers in the queue
//   setup.sh    the user's own shell lines
//   output.txt  what the job printed, over all its starts
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "storage/home/home.h"

namespace zerosweep {

// The content of job.json. All paths are absolute.
struct JobSpec {
  std::string sweep;                   // its name
  std::string folder;                  // the submitter's working directory
  std::string program;                 // path of zerosweep
  std::vector<std::string> arguments;  // of `program`: --home …, run, SWEEP, …
  std::vector<std::string> container;  // words before `program` on every node; may be empty
  std::vector<std::string> sbatch;     // arguments of sbatch; the script and its own come last
  int max_restarts = 100;              // most times that the job requeues itself
};

struct JobState {
  std::string job;                   // number in the queue; "" while unknown
  std::string cluster;               // its name, "" if unknown
  double submitted = 0;              // Unix seconds
  std::vector<std::string> earlier;  // numbers of jobs that this one continues
  int restarts = 0;                  // number of times that it requeued itself
  int losses = 0;                    // how many of them because ranks were lost
  bool cancelled = false;            // by `zerosweep cancel`
  std::string ended;                 // how it finally ended; "" before
};

struct RememberedJob {
  std::string id;  // our own name for it, which is the folder's
  JobSpec spec;
  JobState state;
};

// The script of every job. Its arguments are the program and the job's folder.
extern const char* const kJobScript;

// Makes jobs/<id>/ with job.json, the script and, if there are any, the user's shell lines. Throws
// kStorage, and kUsage for text that is not UTF-8.
void WriteJob(const Home& home, const std::string& id, const JobSpec& spec,
              const std::vector<std::string>& setup);
// Throws kStorage when the file is missing or malformed.
JobSpec ReadJobSpec(const std::filesystem::path& folder);
Json ToJson(const JobSpec& spec);

// A missing or unreadable state is an empty one.
JobState ReadJobState(const std::filesystem::path& folder);
void WriteJobState(const std::filesystem::path& folder, const JobState& state);

// Oldest first. Folders that cannot be read are left out.
std::vector<RememberedJob> RememberedJobs(const Home& home);

}  // namespace zerosweep
