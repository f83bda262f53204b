// import: merges a bundle into the home.
#include <filesystem>

#include "base/log.h"
#include "cli/home_action.h"
#include "cli/value_kinds.h"

namespace zerosweep {
namespace {

int RunImport(const std::string& file, const Globals& globals) {
  const std::string bundle = std::filesystem::absolute(file);
  const Json counts =
      ActOnHome(globals.home(), {{"command", "import"}, {"bundle", bundle}}, /*may_be_new=*/true);
  spdlog::info("{}: {} trials, {} of them new; took {} results and {} artifacts that were not here",
               counts.at("sweep").get<std::string>(), counts.at("trials").get<int>(),
               counts.at("trials_new").get<int>(), counts.at("stages_taken").get<int>(),
               counts.at("artifacts_new").get<int>());
  return kExitOk;
}

const RegisterCommand kImport{"import",
                              "Merge a bundle (`zerosweep export --bundle`) into the home",
                              [](CLI::App& app, std::string& file) {
                                app.add_option("file", file, "The bundle")
                                    ->type_name(kind::kFile)
                                    ->required()
                                    ->check(CLI::ExistingFile);
                              },
                              RunImport};

}  // namespace
}  // namespace zerosweep
