#include "storage/artifacts/artifact_store.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "storage/home/file_system.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

int64_t BytesIn(const fs::path& folder, const Manifest& manifest) {
  int64_t bytes = 0;
  for (const auto& [name, digest] : manifest.files) {
    std::error_code code;
    const auto size = fs::file_size(folder / name, code);
    if (code) {
      Fail(ErrorKind::kStorage, "cannot read {}: {}", (folder / name).string(), code.message());
    }
    bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

// Refuses staging that does not match the report: this fails the attempt, unlike a disk error.
template <typename... Args>
[[noreturn]] void Refuse(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorKind::kStorage, fmt::format(format, std::forward<Args>(args)...),
              Failure::kPublish);
}

// Checks the staged manifest against the report and against the files, and returns it.
Manifest CheckStaged(const fs::path& staging, const std::string& attempt, const std::string& stage,
                     const std::string& digest) {
  std::error_code code;
  if (!fs::exists(staging / kManifestFile, code) && !code) {
    Refuse("attempt {} reported artifact {} and staged none", attempt, digest);
  }
  Manifest manifest = ReadManifest(staging);
  if (manifest.attempt != attempt || manifest.Digest() != digest) {
    Refuse(
        "attempt {} reported artifact {}, its staging holds {} of attempt {}; it will be made "
        "again",
        attempt, digest, manifest.Digest(), manifest.attempt);
  }
  if (manifest.stage != stage) {
    Refuse("attempt {} of stage {:.12} staged an artifact of stage {:.12}", attempt, stage,
           manifest.stage);
  }
  const std::vector<std::string> corrupt = CorruptFiles(staging, manifest);
  if (!corrupt.empty()) {
    Refuse("artifact {} of attempt {}: '{}' is not what the manifest says", digest, attempt,
           corrupt.front());
  }
  return manifest;
}

}  // namespace

std::string DefectOf(const fs::path& folder, const std::string& digest) {
  try {
    const Manifest manifest = ReadManifest(folder);
    if (manifest.Digest() != digest) return "the manifest is of another artifact";
    const std::vector<std::string> corrupt = CorruptFiles(folder, manifest);
    return corrupt.empty() ? "" : fmt::format("'{}' is missing or damaged", corrupt.front());
  } catch (const Error& error) {
    return error.what();
  }
}

Published ArtifactStore::Publish(const std::string& attempt, const std::string& stage,
                                 const std::string& digest) {
  const fs::path staging = home_.staging(attempt);
  const fs::path target = home_.artifact(digest);
  Published published{digest, CheckStaged(staging, attempt, stage, digest)};
  published.bytes = BytesIn(staging, published.manifest);
  Place(staging, target);
  return published;
}

bool ArtifactStore::Adopt(const fs::path& folder, const std::string& digest) {
  const std::string defect = DefectOf(folder, digest);
  if (!defect.empty()) Fail(ErrorKind::kUsage, "artifact {}: {}", digest, defect);
  return Place(folder, home_.artifact(digest));
}

bool ArtifactStore::Place(const fs::path& folder, const fs::path& target) {
  MakePrivateFolder(target.parent_path());
  if (RenameNoReplace(folder, target)) {
    unsynced_.insert(target.parent_path());
    return true;
  }
  std::error_code code;  // the first one wins: same digest, same bytes
  fs::remove_all(folder, code);
  return false;
}

void ArtifactStore::Sync() {
  for (const fs::path& folder : unsynced_) FsyncFolder(folder);
  unsynced_.clear();
}

std::optional<fs::path> ArtifactStore::Find(const std::string& digest) const {
  const fs::path folder = home_.artifact(digest);
  std::error_code code;
  if (!fs::is_regular_file(folder / kManifestFile, code)) return std::nullopt;
  return folder;
}

std::vector<Published> ArtifactStore::List(const std::unordered_set<std::string>& known) const {
  std::vector<Published> all;
  std::error_code code;
  for (const auto& prefix : fs::directory_iterator(home_.artifacts(), code)) {
    if (!IsHex(prefix.path().filename().string(), 2)) continue;
    for (const auto& entry : fs::directory_iterator(prefix.path(), code)) {
      const std::string digest = entry.path().filename();
      if (!IsHex(digest) || known.contains(digest)) continue;
      try {
        Published published{digest, ReadManifest(entry.path())};
        if (published.manifest.Digest() != digest) {
          Fail(ErrorKind::kStorage, "its manifest names {}", published.manifest.Digest());
        }
        published.bytes = BytesIn(entry.path(), published.manifest);
        all.push_back(std::move(published));
      } catch (const std::exception& error) {
        spdlog::warn("artifact {} is passed over: {}; run `zerosweep fsck`", digest, error.what());
      }
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Published& a, const Published& b) { return a.digest < b.digest; });
  return all;
}

int ArtifactStore::RemoveStaleStaging(const std::vector<std::string>& live, double min_age) const {
  int removed = 0;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(home_.artifacts() / ".staging", code)) {
    const std::string attempt = entry.path().filename();
    if (std::find(live.begin(), live.end(), attempt) != live.end()) continue;
    double age = AgeOf(entry.path()).value_or(0);
    for (const auto& file : fs::directory_iterator(entry.path(), code)) {
      age = std::min(age, AgeOf(file.path()).value_or(0));
    }
    if (age < min_age) continue;
    removed += fs::remove_all(entry.path(), code) > 0 && !code ? 1 : 0;
  }
  return removed;
}

}  // namespace zerosweep
