// batch: called by the script of a Slurm job, not by users, so it has no summary.
#include "cluster/slurm/batch.h"

#include <memory>

#include "cli/command.h"

namespace zerosweep {
namespace {

int RunJob(const std::string& folder, const Globals&) { return RunBatch(folder, Slurm()); }

const RegisterCommand kBatch{"batch", "",
                             [](CLI::App& app, std::string& folder) {
                               app.add_option("folder", folder, "The job's folder")->required();
                             },
                             RunJob};

}  // namespace
}  // namespace zerosweep
