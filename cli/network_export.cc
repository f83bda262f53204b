#include "cli/network_export.h"

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"
#include "storage/artifacts/artifact_store.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// The quantized network's folder in the artifact store.
fs::path NetworkOf(const ResultsReader& reader, const std::string& trial) {
  const Table found = reader.Query(
      "SELECT DISTINCT t.state, g.artifact FROM v_trial t JOIN v_trial_stage x ON x.trial = "
      "t.trial AND x.kind = 'quantize' JOIN v_stage g ON g.stage = x.stage WHERE t.trial = ?",
      {trial});
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

}  // namespace

void RequireNetworkFile(const fs::path& file) {
  if (file.extension() != ".safetensors")
    Fail(ErrorKind::kUsage, "{} must end in .safetensors", file.string());
  std::error_code code;
  if (const fs::path folder = fs::absolute(file).parent_path(); !fs::is_directory(folder, code))
    Fail(ErrorKind::kUsage, "{} cannot be written: there is no folder {}", file.string(),
         folder.string());
}

void ExportNetwork(const ResultsReader& reader, const std::string& trial, const fs::path& file) {
  const fs::path folder = NetworkOf(reader, trial);
  const fs::path card = fs::path(file).replace_extension(".json");
  WriteFileAtomically(file, ReadFile(folder / "quantized.safetensors"));
  WriteFileAtomically(card, ReadFile(folder / "quantized.json"));
  spdlog::info("wrote {} and {} (docs/formats.md)", file.string(), card.string());
}

}  // namespace zerosweep
