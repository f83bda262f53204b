#include "contract/artifact.h"

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"

namespace zerosweep {
namespace fs = std::filesystem;

// Without earlier_seconds and peak_bytes, which a file may lack.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Manifest, stage, attempt, files, metrics, signature, seconds)

bool IsPlainName(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

std::string Manifest::Digest() const { return JsonDigest(files); }

std::string SealArtifact(const fs::path& folder, Manifest& manifest) {
  manifest.files.clear();
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || !IsPlainName(name)) {
      Fail(ErrorKind::kInternal, "artifact {} holds '{}', which is not a plain file",
           folder.string(), name);
    }
    FsyncFile(entry.path());
    manifest.files[name] = Sha256File(entry.path());
  }
  if (code) Fail(ErrorKind::kStorage, "cannot read {}: {}", folder.string(), code.message());
  Json json = manifest;
  json["format"] = 1;
  json["earlier_seconds"] = manifest.earlier_seconds;
  json["peak_bytes"] = manifest.peak_bytes;
  WriteFileAtomically(folder / kManifestFile, json.dump(1) + "\n");
  return manifest.Digest();
}

Manifest ReadManifest(const fs::path& folder) {
  const fs::path path = folder / kManifestFile;
  try {
    const Json json = Json::parse(ReadFile(path));
    auto manifest = json.get<Manifest>();
    manifest.earlier_seconds = json.value("earlier_seconds", 0.0);
    manifest.peak_bytes = json.value("peak_bytes", 0.0);
    for (const auto& [name, digest] : manifest.files) {
      if (!IsPlainName(name))
        Fail(ErrorKind::kStorage, "{}: illegal file name '{}'", path.string(), name);
    }
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    Fail(ErrorKind::kStorage, "{} is damaged ({}); run `zerosweep fsck`", path.string(),
         error.what());
  }
}

std::vector<std::string> CorruptFiles(const fs::path& folder, const Manifest& manifest) {
  std::vector<std::string> corrupt;
  for (const auto& [name, digest] : manifest.files) {
    const fs::path path = folder / name;
    if (!fs::is_regular_file(path) || Sha256File(path) != digest) corrupt.push_back(name);
  }
  return corrupt;
}

}  // namespace zerosweep
