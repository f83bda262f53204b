#include "cli/deploy/network_export.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/reading.h"
#include "cli/stage_program.h"
#include "cli/value_kinds.h"
#include "storage/artifacts/artifact_store.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// The folder in the artifact store that a stage of the trial made.
fs::path ArtifactOf(const ResultsReader& reader, const std::string& trial,
                    const std::string& kind) {
  const Table found = reader.Query(
      "SELECT DISTINCT t.state, g.artifact FROM v_trial t JOIN v_trial_stage x ON x.trial = "
      "t.trial AND x.kind = ? JOIN v_stage g ON g.stage = x.stage WHERE t.trial = ?",
      {kind, trial});
  const std::vector<Json>& row = found.rows.at(0);
  if (row[1].is_null())
    Fail(ErrorKind::kUsage, "trial {:.12} has no network yet: it is {}", trial,
         row[0].get<std::string>());
  const std::string digest = row[1];
  const auto folder = ArtifactStore(reader.home()).Find(digest);
  const std::string defect = folder ? DefectOf(*folder, digest) : "its folder is missing";
  if (!defect.empty())
    Fail(ErrorKind::kStorage, "artifact {}: {}; `zerosweep fsck` says more", digest, defect);
  return *folder;
}

// What the file says of itself.
std::map<std::string, std::string> MetadataOf(const ResultsReader& reader,
                                              const std::string& trial) {
  std::map<std::string, std::string> metadata = {{"zerosweep", Version() + " " + CodeRevision()}};
  const Table found = reader.Query(
      "SELECT DISTINCT t.trial, t.dataset, t.model, t.method, t.bits, t.protocol, "
      "t.seed, format('%.4f', t.top1) AS top1_of_trial, format('%.4f', t.fp32_top1) AS fp32_top1, "
      "(SELECT g.artifact FROM v_trial_stage x JOIN v_stage g ON g.stage = x.stage WHERE x.trial = "
      "t.trial AND x.kind = 'quantize') AS quantized, (SELECT g.artifact FROM v_trial_stage x JOIN "
      "v_stage g ON g.stage = x.stage WHERE x.trial = t.trial AND x.kind = 'teacher') AS teacher "
      "FROM v_trial t WHERE t.trial = ?",
      {trial});
  for (size_t i = 0; i < found.columns.size(); ++i) {
    const Json& value = found.rows.at(0)[i];
    if (!value.is_null())
      metadata[found.columns[i]] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return metadata;
}

bool DropsTooFar(const FormScores& scores, const NetworkFile& file) {
  return file.max_drop && !(scores.Drop() <= *file.max_drop);
}

// What the home lacks, or who uses it, does not keep a network from being written.
FormScores Evaluate(const RecordedTrial& recorded, const NetworkFile& file,
                    const Globals& globals) {
  try {
    return EvaluateExported(recorded, file.places, file.run, globals);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kStorage) throw;
    throw Error(ErrorKind::kStorage,
                std::string(error.what()) + "; --no-evaluate writes it without an evaluation");
  }
}

}  // namespace

bool IsOnnxOutput(const fs::path& file) { return file.extension() == ".onnx"; }

void RequireNetworkFile(const fs::path& file) {
  if (file.extension() != ".safetensors" && !IsOnnxOutput(file))
    Fail(ErrorKind::kUsage, "{} must end in .onnx or .safetensors", file.string());
  RequireWritable(file);
}

void RequireWritable(const fs::path& file) {
  std::error_code code;
  const fs::path folder = fs::absolute(file).parent_path();
  if (!fs::is_directory(folder, code))
    Fail(ErrorKind::kUsage, "{} cannot be written: there is no folder {}", file.string(),
         folder.string());
  if (fs::is_directory(file, code))
    Fail(ErrorKind::kUsage, "{} cannot be written: it is a folder", file.string());
  if (access(folder.c_str(), W_OK) != 0)
    Fail(ErrorKind::kUsage, "{} cannot be written: {} is not writable", file.string(),
         folder.string());
}

std::string OptionOfExported(const NetworkFile& file) {
  return file.max_drop                  ? "--max-drop"
         : !file.evaluate               ? "--no-evaluate"
         : file.target != "onnxruntime" ? "--target"
                                        : "";
}

void AddExportOptions(CLI::App& app, NetworkFile& file) {
  CLI::Option* evaluate = app.add_flag("!--no-evaluate", file.evaluate,
                                       "Write the file without evaluating its exported form");
  app.add_option("--target", file.target,
                 "The runtime that FILE.onnx is for: onnxruntime (default) or openvino")
      ->type_name(kind::kText)
      ->check(CLI::IsMember({"onnxruntime", "openvino"}));
  app.add_option("--max-drop", file.max_drop,
                 "Points below full precision from which on the file is not written")
      ->type_name(kind::kNumber)
      ->check([](const std::string& text) {
        const double points = std::strtod(text.c_str(), nullptr);
        return std::isfinite(points) && points >= 0 ? "" : text + " is no number of points";
      })
      ->excludes(evaluate);
}

WrittenNetwork ExportNetwork(const std::string& trial, const NetworkFile& file,
                             const Globals& globals) {
  const ResultsReader reader = OpenResults(globals);
  const fs::path quantized = ArtifactOf(reader, trial, "quantize");
  Json request = {{"teacher", ArtifactOf(reader, trial, "teacher").string()},
                  {"quantized", quantized.string()},
                  {"form", file.form},
                  {"target", file.target}};
  const bool onnx = IsOnnxOutput(file.path), paper = !onnx && file.form == "paper";
  if (const std::string option = OptionOfExported(file); paper && !option.empty())
    Fail(ErrorKind::kUsage, "{} is of the exported form: {} has that of papers", option,
         file.path.string());
  const std::string name = file.path.filename().string();
  const std::string failure = file.path.string() + " is not written";
  std::map<std::string, std::string> metadata = MetadataOf(reader, trial);
  WrittenNetwork written;
  if (file.evaluate && !paper) {
    // What cannot be written is refused before it is evaluated.
    AskForObject({"--export", request.dump()}, "looking at " + name, failure, globals);
    written.scores = Evaluate(ReadRecordedTrial(reader, trial), file, globals);
    if (DropsTooFar(*written.scores, file)) {
      spdlog::error(
          "{} is not written: {:.2f} points below full precision, where --max-drop allows {}; "
          "`zerosweep export {:.12} -o {}` writes it all the same",
          file.path.string(), written.scores->Drop(), *file.max_drop, trial, file.path.string());
      written.written = false;
      return written;
    }
    metadata[written.scores->score] = fmt::format("{:.4f}", written.scores->exported);
  }
  request["file"] = fs::absolute(file.path).string();
  request["metadata"] = metadata;
  written.report = AskForObject({"--export", request.dump()}, "writing " + name, failure, globals);
  std::string what = file.path.string();
  if (!onnx) {
    const fs::path card = fs::path(file.path).replace_extension(".json");
    Json about = ParseJson(ReadFile(quantized / "quantized.json"), "quantized.json");
    about["form"] = file.form;
    WriteFileAtomically(card, about.dump(1) + "\n", kUsualMode);
    what += " and " + card.string() + " (docs/formats.md)";
  }
  spdlog::info("wrote {}, {}{}", what, HumanBytes(static_cast<double>(fs::file_size(file.path))),
               paper ? "" : ", of form exported (docs/protocol.md)");
  if (onnx && file.target == "openvino")
    spdlog::info(
        "OpenVINO: compile it with INFERENCE_PRECISION_HINT f32, or EXECUTION_MODE_HINT "
        "ACCURACY; without, it computes the first convolution in bf16 on some processors");
  return written;
}

Json ExportTeacher(const std::string& trial, const fs::path& file, const Globals& globals) {
  const ResultsReader reader = OpenResults(globals);
  const Json request = {{"teacher", ArtifactOf(reader, trial, "teacher").string()},
                        {"file", fs::absolute(file).string()}};
  return AskForObject({"--export", request.dump()}, "writing " + file.filename().string(),
                      file.string() + " is not written", globals);
}

}  // namespace zerosweep
