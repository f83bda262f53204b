// What a home remembers of the Slurm jobs that were submitted for it: jobs/<id>/, made by `submit`
// and read by the job itself.
//
//   job.json    what to run; written once (mode 0600)       job.sh      the script, always the same
//   state.json  what became of it: its numbers in the queue  setup.sh    the user's own shell lines
//   output.txt  what the job printed, over all its starts
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "storage/home/home.h"

namespace zerosweep {

// The words of job.json. All paths are absolute.
struct JobSpec {
  std::string sweep;                   // its name
  std::string folder;                  // the working directory of the submitter
  std::string program;                 // zerosweep
  std::vector<std::string> arguments;  // of `program`: --home …, run, SWEEP, …
  std::vector<std::string> container;  // words before `program` on every node; may be empty
  std::vector<std::string> sbatch;     // arguments of sbatch; the script and its own come last
  int max_restarts = 100;              // times that the job puts itself back into the queue
};

struct JobState {
  std::string job;       // number in the queue; "" while nobody knows whether it is there
  std::string cluster;   // its name, "" if unknown
  double submitted = 0;  // Unix seconds
  std::vector<std::string> earlier;  // numbers of jobs that this one continues
  int restarts = 0;                  // times that it put itself back
  int losses = 0;                    // times that it did so because its ranks were lost
  bool cancelled = false;            // by `zerosweep cancel`
  std::string ended;                 // how it ended for good, "" before
};

struct RememberedJob {
  std::string id;  // our own name: the folder's
  JobSpec spec;
  JobState state;
};

// The script of every job. Its arguments: the program, the job's folder.
extern const char* const kJobScript;

// Makes jobs/<id>/ with job.json, the script and, where there are any, the user's shell lines.
// Throws kStorage, and kUsage for words that are not UTF-8.
void WriteJob(const Home& home, const std::string& id, const JobSpec& spec,
              const std::vector<std::string>& setup);
// Throws kStorage when it is not there or malformed.
JobSpec ReadJobSpec(const std::filesystem::path& folder);
Json ToJson(const JobSpec& spec);

// A state that is not there is an empty one; so is one that cannot be read.
JobState ReadJobState(const std::filesystem::path& folder);
void WriteJobState(const std::filesystem::path& folder, const JobState& state);

// Oldest first. Folders that cannot be read are left out.
std::vector<RememberedJob> RememberedJobs(const Home& home);

}  // namespace zerosweep
