// batch: called by the script of a Slurm job, not by users, so it has no summary.
#include "cluster/slurm/batch.h"

#include <memory>

#include "cli/command.h"

namespace zerosweep {
namespace {

const RegisterCommand kBatch{"batch", "", [](CLI::App& app, const Globals&) -> CommandBody {
                               auto folder = std::make_shared<std::string>();
                               app.add_option("folder", *folder, "The job's folder")->required();
                               return [folder] { return RunBatch(*folder, Slurm()); };
                             }};

}  // namespace
}  // namespace zerosweep
