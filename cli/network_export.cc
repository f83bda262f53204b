#include "cli/network_export.h"

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/stage_program.h"
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
      "SELECT DISTINCT trial, dataset, model, method, bits, protocol, seed, "
      "format('%.2f', top1) AS top1_of_trial, format('%.2f', fp32_top1) AS fp32_top1 FROM v_trial "
      "WHERE trial = ?",
      {trial});
  for (size_t i = 0; i < found.columns.size(); ++i) {
    const Json& value = found.rows.at(0)[i];
    if (!value.is_null())
      metadata[found.columns[i]] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return metadata;
}

}  // namespace

bool IsOnnxOutput(const fs::path& file) { return file.extension() == ".onnx"; }

void RequireNetworkFile(const fs::path& file) {
  if (file.extension() != ".safetensors" && !IsOnnxOutput(file))
    Fail(ErrorKind::kUsage, "{} must end in .onnx or .safetensors", file.string());
  std::error_code code;
  if (const fs::path folder = fs::absolute(file).parent_path(); !fs::is_directory(folder, code))
    Fail(ErrorKind::kUsage, "{} cannot be written: there is no folder {}", file.string(),
         folder.string());
}

Json ExportNetwork(const ResultsReader& reader, const std::string& trial, const fs::path& file,
                   const std::string& form, const Globals& globals) {
  const fs::path quantized = ArtifactOf(reader, trial, "quantize");
  const Json request = {{"teacher", ArtifactOf(reader, trial, "teacher").string()},
                        {"quantized", quantized.string()},
                        {"file", fs::absolute(file).string()},
                        {"form", form},
                        {"metadata", MetadataOf(reader, trial)}};
  const Json report =
      AskForObject({"--export", request.dump()}, "writing " + file.filename().string(),
                   file.string() + " is not written", globals);
  if (IsOnnxOutput(file)) {
    spdlog::info("wrote {} ({}), of form exported (docs/protocol.md)", file.string(),
                 HumanBytes(static_cast<double>(fs::file_size(file))));
    return report;
  }
  const fs::path card = fs::path(file).replace_extension(".json");
  Json about = ParseJson(ReadFile(quantized / "quantized.json"), "quantized.json");
  about["form"] = form;
  WriteFileAtomically(card, about.dump(1) + "\n");
  spdlog::info("wrote {} and {} (docs/formats.md)", file.string(), card.string());
  return report;
}

}  // namespace zerosweep
