// submit: hands a sweep to Slurm.
#include <filesystem>
#include <memory>
#include <sstream>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/input_checks.h"
#include "cli/options/run_options.h"
#include "cli/options/sweep_arguments.h"
#include "cli/output/table.h"
#include "cli/places.h"
#include "cli/value_kinds.h"
#include "cluster/slurm/job_queue.h"
#include "cluster/slurm/sbatch.h"

namespace zerosweep {
namespace {
namespace fs = std::filesystem;

// The stages' share of the notice; the rest is for requeueing and for Slurm, which may be late.
constexpr double kGraceShare = 0.75;

struct SubmitArguments {
  SweepArguments sweep;
  SbatchRequest request;
  RunOptions run;
  int max_restarts = 100;
  std::string container;
  std::vector<std::string> modules, setup;
  bool again = false, print = false;
};

void AddSlurmArguments(CLI::App& app, SbatchRequest& request) {
  app.add_option("--nodes", request.nodes, "Nodes; each gets one rank with its slots")
      ->type_name(kind::kNumber)
      ->check(CLI::Range(1, 100000));
  app.add_option("--gpus-per-node", request.gpus_per_node, "GPUs of each node; one slot each")
      ->type_name(kind::kNumber)
      ->check(CLI::Range(0, 1024));
  app.add_option("--cpus-per-node", request.cpus_per_node,
                 "Cores of each node (default: what the cluster gives, often 1)")
      ->type_name(kind::kNumber)
      ->check(CLI::Range(1, 100000));
  app.add_option("--mem", request.memory, "Memory of each node, as 32G");
  app.add_option("--time", request.time,
                 "Time limit, as 30 (minutes), 4:00:00 or 2-0; the job requeues itself before it");
  app.add_option("--partition", request.partition, "Partition");
  app.add_option("--account", request.account, "Account");
  app.add_option("--notice", request.notice,
                 "Seconds before the time limit at which running stages save and the job requeues "
                 "itself; Slurm counts in minutes")
      ->type_name(kind::kSeconds)
      ->check(CLI::Range(10, 86400));
  app.add_option("options", request.passed, "After --: further options of sbatch, as they are");
}

void AddSubmitArguments(CLI::App& app, SubmitArguments& arguments) {
  AddSweepArguments(app, arguments.sweep);
  AddCheckArgument(app, arguments.sweep);
  AddSlurmArguments(app, arguments.request);
  app.add_option("--module", arguments.modules, "`module load` this first; repeatable")
      ->allow_extra_args(false);
  app.add_option("--setup", arguments.setup,
                 "A line of bash to run first, as 'source env.sh'; repeatable")
      ->envname("ZEROSWEEP_SLURM_SETUP")
      ->allow_extra_args(false);
  app.add_option("--container", arguments.container,
                 "Words before zerosweep on every node, as 'apptainer exec image.sif'; split at "
                 "blanks")
      ->envname("ZEROSWEEP_SLURM_CONTAINER");
  AddStageOptions(app, arguments.run);
  AddInterfaceOption(app, arguments.run);
  app.add_option("--max-restarts", arguments.max_restarts, "Times that the job may requeue itself")
      ->type_name(kind::kNumber)
      ->check(CLI::Range(0, 1000000));
  app.add_flag("--again", arguments.again,
               "Submit even if a job of the same sweep and home is live");
  app.add_flag("--print", arguments.print, "Show what would be submitted, and do nothing");
}

std::string Absolute(const std::string& path) {
  return fs::absolute(path).lexically_normal().string();
}

// The arguments of the program inside the job. None of them depends on where the job starts.
std::vector<std::string> RunWords(const SubmitArguments& arguments, const Globals& globals) {
  std::vector<std::string> words = {"--home", globals.home().folder.string(), "--no-color"};
  if (globals.quiet) words.push_back("--quiet");
  if (globals.verbose) words.push_back("--verbose");
  words.insert(words.end(), {"run", Absolute(arguments.sweep.file), "--exit-zero"});
  for (const PassedOptions* passed : {&arguments.sweep.passed, &arguments.run.passed})
    passed->AppendTo(words);
  if (arguments.sweep.data.empty() && !DataFolder().empty())
    words.push_back("--data=" + Absolute(WithHomeFolder(DataFolder())));
  words.push_back(fmt::format("--grace={:g}", kGraceShare * arguments.request.notice));
  return words;
}

JobSpec MakeSpec(const SubmitArguments& arguments, const Globals& globals, const std::string& id,
                 const std::string& sweep) {
  JobSpec spec;
  spec.sweep = sweep;
  spec.folder = fs::current_path().string();
  spec.program = fs::read_symlink("/proc/self/exe").string();
  spec.arguments = RunWords(arguments, globals);
  std::istringstream words(arguments.container);
  for (std::string word; words >> word;) spec.container.push_back(word);
  SbatchRequest request = arguments.request;
  request.sweep = sweep;
  spec.sbatch = SbatchArguments(request, globals.home().job(id), spec.program);
  spec.max_restarts = arguments.max_restarts;
  return spec;
}

std::vector<std::string> SetupLines(const SubmitArguments& arguments) {
  std::vector<std::string> lines;
  for (const std::string& module : arguments.modules)
    lines.push_back("module load " + ShellWord(module));
  lines.insert(lines.end(), arguments.setup.begin(), arguments.setup.end());
  return lines;
}

// Everything that Slurm and the job will read.
std::string Describe(const JobSpec& spec, const std::vector<std::string>& setup) {
  std::string text = "sbatch --parsable";
  for (const std::string& word : spec.sbatch) text += " " + ShellWord(word);
  text += fmt::format("\n\n# job.sh\n{}\n# job.json\n{}\n", kJobScript, ToJson(spec).dump(1));
  if (!setup.empty()) text += "\n# setup.sh\n" + Join(setup, "\n") + "\n";
  return text;
}

// Only one coordinator writes to a home: a second job of the same sweep would only wait for the
// first to fail.
void RefuseSecond(const Home& home, const std::string& sweep, const Slurm& slurm) {
  for (const QueuedJob& queued : LookUpJobs(home, slurm)) {
    if (queued.queue.alive == Tristate::kNo) continue;
    const std::string name =
        queued.job.state.job.empty() ? "of unknown number" : queued.job.state.job;
    if (queued.job.spec.sweep != sweep) {
      spdlog::warn(
          "job {} ({}) is in the same home, where one job at a time computes: `-- "
          "--dependency=afterany:{}` waits for it",
          name, queued.job.spec.sweep, name);
      continue;
    }
    Fail(ErrorKind::kUsage,
         "job {} of this sweep and home is live (state: {}); see `zerosweep status "
         "--jobs`, end it with `zerosweep cancel --job {}`, or submit another with --again",
         name, queued.queue.state, name);
  }
}

void Submit(const JobSpec& spec, const std::string& id, const Home& home, const Slurm& slurm) {
  JobState state;
  state.submitted = SystemClock().Unix();
  WriteJobState(home.job(id), state);  // if we die now, the job is not forgotten
  const SubmittedJob submitted = slurm.Submit(spec.sbatch, (home.job(id) / "job.sh").string());
  if (submitted.taken == Tristate::kNo) {
    fs::remove_all(home.job(id));
    Fail(ErrorKind::kCluster, "sbatch refused the job: {}", submitted.why);
  }
  if (submitted.taken == Tristate::kUnknown)
    Fail(ErrorKind::kCluster,
         "it is unknown whether Slurm took the job ({}); it is remembered: look for it with "
         "`zerosweep status` and `squeue --me`, and only if neither shows it "
         "submit with --again",
         submitted.why);
  JobState now = ReadJobState(home.job(id));  // the job may already have started
  if (!now.job.empty()) return;
  state.job = submitted.id;
  state.cluster = submitted.cluster.empty() ? slurm.ClusterName() : submitted.cluster;
  WriteJobState(home.job(id), state);
}

int RunSubmit(const SubmitArguments& arguments, const Globals& globals) {
  RequireKeptSweep(arguments.sweep, "the job and its restarts");
  const Plan plan = ExpandArguments(arguments.sweep, globals);
  const Home home = globals.home();
  const std::string id = NewUuid();
  const JobSpec spec = MakeSpec(arguments, globals, id, plan.sweep);
  const std::vector<std::string> setup = SetupLines(arguments);
  const std::string description = Describe(spec, setup);
  if (arguments.print) {
    fmt::print("{}", description);
    return kExitOk;
  }
  if (arguments.sweep.check) CheckInputs(plan, globals);
  const Slurm slurm;
  if (!Slurm::IsThere())
    Fail(ErrorKind::kCluster,
         "there is no sbatch in PATH: submit from a login node of the cluster, or use `run`");
  if (!arguments.again) RefuseSecond(home, plan.sweep, slurm);
  if (!globals.quiet) fmt::print(stderr, "{}\n", description);
  home.Create();
  WriteJob(home, id, spec, setup);
  Submit(spec, id, home, slurm);
  const JobState state = ReadJobState(home.job(id));
  PrintTable({.columns = {"job", "sweep", "nodes", "folder"},
              .rows = {{state.job, plan.sweep, arguments.request.nodes, home.job(id).string()}}},
             globals);
  return kExitOk;
}

const RegisterCommand kSubmit{"submit", "Hand a sweep to Slurm", AddSubmitArguments, RunSubmit};

}  // namespace
}  // namespace zerosweep
