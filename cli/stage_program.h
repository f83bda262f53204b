// Questions to the stage program that it answers and ends: about weights, images and networks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/process/run_program.h"
#include "cli/command.h"
#include "contract/declaration.h"

namespace zerosweep {

// Runs a program on another thread, while this one shows `label` and the time. Throws kCluster when
// it cannot be started, and Failure::kInterrupted when a signal asks this process to end.
ProgramResult AskProgram(const std::vector<std::string>& words, const std::string& label,
                         const Globals& globals);
// The same for the stage program with these arguments.
ProgramResult AskStageProgram(const std::vector<std::string>& arguments, const std::string& label,
                              const Globals& globals);

// The object that the stage program answers with. Throws its error, if it answers with one, and
// kCluster, beginning with `failure`, when it does not answer.
Json AskForObject(const std::vector<std::string>& arguments, const std::string& label,
                  const std::string& failure, const Globals& globals);

// Why the program gave no answer, in a few words.
std::string WhyItFailed(const ProgramResult& result);

// What a file holds (docs/stage_protocol.md, `--inspect`), for images of `input_shape` (C, H, W;
// empty: as the file says). Throws kUsage, in one line, when it cannot be read, and kCluster when
// the stage program does not run.
// With `probe`, a folder, it also computes the network on some images, for CheckAgainstFile.
Json InspectFile(const std::filesystem::path& file, const std::vector<int64_t>& input_shape,
                 const Globals& globals, const std::filesystem::path& probe = {});

// The facts of the network in a file, remembered in the home by its digest.
ModelFacts FactsOfFile(const std::filesystem::path& file, const std::string& digest,
                       const std::vector<int64_t>& input_shape, const Globals& globals);

}  // namespace zerosweep
