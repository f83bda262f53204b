#include "storage/artifact_store.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

int64_t BytesIn(const fs::path& folder, const Manifest& manifest) {
  int64_t bytes = 0;
  for (const auto& [name, digest] : manifest.files) {
    bytes += static_cast<int64_t>(fs::file_size(folder / name));
  }
  return bytes;
}

double AgeSeconds(const fs::path& path) {
  std::error_code code;
  const auto written = fs::last_write_time(path, code);
  if (code) return 0;
  return std::chrono::duration<double>(fs::file_time_type::clock::now() - written).count();
}

// Looking a name up anew makes a network file system forget that it was absent.
void ReadFolder(const fs::path& folder) {
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end;
       entry.increment(code)) {
  }
}

bool IsHexName(const std::string& name, size_t size) {
  return name.size() == size && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Published ArtifactStore::Publish(const std::string& attempt, const std::string& digest) const {
  const fs::path staging = home_.staging(attempt);
  const fs::path target = home_.artifact(digest);
  Published published{digest, ReadManifest(staging)};
  if (published.manifest.attempt != attempt || published.manifest.Digest() != digest) {
    Fail(ErrorKind::kStorage,
         "attempt {} reported artifact {}, its staging holds {} of attempt {}; it will be made "
         "again",
         attempt, digest, published.manifest.Digest(), published.manifest.attempt);
  }
  const std::vector<std::string> corrupt = CorruptFiles(staging, published.manifest);
  if (!corrupt.empty()) {
    Fail(ErrorKind::kStorage, "artifact {} of attempt {}: '{}' is not what the manifest says",
         digest, attempt, corrupt.front());
  }
  published.bytes = BytesIn(staging, published.manifest);
  MakePrivateFolder(target.parent_path());
  if (RenameNoReplace(staging, target)) {
    FsyncFolder(target.parent_path());
    FsyncFolder(staging.parent_path());
    return published;
  }
  published.manifest = ReadManifest(target);  // first wins: same digest, same bytes
  std::error_code code;
  fs::remove_all(staging, code);
  return published;
}

std::optional<fs::path> ArtifactStore::Find(const std::string& digest, double patience) const {
  const fs::path folder = home_.artifact(digest);
  const double start = SystemClock().Monotonic();
  for (double pause = 0.05;; pause = std::min(2.0, pause * 2)) {
    std::error_code code;
    if (fs::is_regular_file(folder / kManifestFile, code)) return folder;
    if (SystemClock().Monotonic() - start + pause > patience) return std::nullopt;
    SystemClock().Sleep(pause);
    ReadFolder(home_.artifacts());
    ReadFolder(folder.parent_path());
  }
}

std::vector<Published> ArtifactStore::List() const {
  std::vector<Published> all;
  std::error_code code;
  for (const auto& prefix : fs::directory_iterator(home_.artifacts(), code)) {
    if (!IsHexName(prefix.path().filename(), 2)) continue;
    for (const auto& entry : fs::directory_iterator(prefix.path(), code)) {
      const std::string digest = entry.path().filename();
      if (!IsHexName(digest, 64)) continue;
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
    double age = AgeSeconds(entry.path());
    for (const auto& file : fs::directory_iterator(entry.path(), code)) {
      age = std::min(age, AgeSeconds(file.path()));
    }
    if (age < min_age) continue;
    removed += fs::remove_all(entry.path(), code) > 0 && !code ? 1 : 0;
  }
  return removed;
}

}  // namespace zerosweep
