// The quantized network of a trial as files of their own (docs/formats.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/deploy/exported_form.h"
#include "cli/options/run_options.h"
#include "cli/options/sweep_arguments.h"

namespace zerosweep {

// Whether a network is to be written as ONNX, by the file's ending.
bool IsOnnxOutput(const std::filesystem::path& file);

// Throws kUsage unless a file of this name can be written.
void RequireWritable(const std::filesystem::path& file);

// Throws kUsage unless the file ends in .safetensors or .onnx and can be written.
void RequireNetworkFile(const std::filesystem::path& file);

// What to write of a trial, and how to evaluate it before.
struct NetworkFile {
  std::filesystem::path path;
  std::string form = "paper";          // of tensors: paper or exported
  std::string target = "onnxruntime";  // or openvino: the runtime that it is for
  bool evaluate = true;                // the exported form
  std::optional<double> max_drop;  // in points: a network that is further below full precision is
                                   // not written
  SweepArguments places;
  RunOptions run;
};

// Whether one of the options of AddExportOptions was given that only a file in the exported form
// obeys, by its name; empty: none.
std::string OptionOfExported(const NetworkFile& file);

// --target, --no-evaluate and --max-drop.
void AddExportOptions(CLI::App& app, NetworkFile& file);

struct WrittenNetwork {
  bool written = true;               // false: it drops too far
  Json report;                       // of the stage program (docs/stage_protocol.md, `--export`)
  std::optional<FormScores> scores;  // of the exported form, unless it was not evaluated
};

// Writes FILE.onnx, or FILE.safetensors and its card FILE.json, and says so; the exported form is
// evaluated before. `trial` is a whole id. Throws kUsage when the trial has no network yet, or when
// the network has no such form; kStorage when its artifact is damaged; and what EvaluateExported
// throws. Then, and when the network drops too far, no file is written.
WrittenNetwork ExportNetwork(const std::string& trial, const NetworkFile& file,
                             const Globals& globals);

// Writes the network of a trial in full precision as FILE.onnx. Returns what the stage program says.
Json ExportTeacher(const std::string& trial, const std::filesystem::path& file,
                   const Globals& globals);

}  // namespace zerosweep
