#include "sweeps/digest_cache.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// A file changed again within the granularity of its time stamp would keep an old digest, so young
// files are not remembered.
constexpr double kMinAgeSeconds = 2;

fs::path CacheFile(const fs::path& home) { return home / "cache" / "digests.json"; }

struct FileState {
  std::string key;     // changes with the content
  double written = 0;  // seconds since 1970
};

// nullopt, with errno set, when there is no such file.
std::optional<FileState> StateOf(const fs::path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return std::nullopt;
  return FileState{fmt::format("{}:{}:{}:{}.{:09}", info.st_dev, info.st_ino, info.st_size,
                               info.st_mtim.tv_sec, info.st_mtim.tv_nsec),
                   static_cast<double>(info.st_mtim.tv_sec)};
}

}  // namespace

DigestCache::DigestCache(const Home& home, ReadingProgress progress)
    : home_(home.folder), progress_(std::move(progress)) {
  const fs::path file = CacheFile(home_);
  std::error_code ignored;
  if (home_.empty() || !fs::is_regular_file(file, ignored)) return;
  try {
    ParseJson(ReadFile(file), file.string()).get_to(digests_);
  } catch (const std::exception&) {
    digests_.clear();
  }
}

std::string DigestCache::Sha256Of(const fs::path& file) {
  const auto state = StateOf(file);
  if (!state) {
    Fail(ErrorKind::kStorage, "cannot read {}: {}", file.string(), std::strerror(errno));
  }
  if (const auto known = digests_.find(state->key); known != digests_.end()) return known->second;
  std::string digest;
  if (auto node = prepared_.extract(state->key)) {
    digest = node.mapped().get();
  } else {
    digest = Sha256File(file);
  }
  Remember(state->key, digest, state->written);
  return digest;
}

void DigestCache::Prepare(const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    const auto state = StateOf(file);
    if (!state || digests_.contains(state->key) || prepared_.contains(state->key)) continue;
    prepared_[state->key] = std::async(std::launch::async, [file] { return Sha256File(file); });
  }
}

std::string DigestCache::FingerprintOf(const ImageFolder& folder, const std::string& split) {
  const std::string key = fmt::format("{}:{}", split, ListingDigest(folder));
  if (const auto known = digests_.find(key); known != digests_.end()) return known->second;
  std::string fingerprint = ImageFolderFingerprint(
      folder, split, [&](const auto& files) { return DigestInParallel(folder, files); });
  int64_t youngest = 0;
  for (const ImageFolder::File& file : folder.files) youngest = std::max(youngest, file.written_ns);
  Remember(key, fingerprint, static_cast<double>(youngest) * 1e-9);
  return fingerprint;
}

std::vector<std::string> DigestCache::DigestInParallel(const ImageFolder& folder,
                                                       const std::vector<fs::path>& files) const {
  double total = 0;
  for (const ImageFolder::File& file : folder.files) total += static_cast<double>(file.bytes);
  std::vector<std::string> digests(files.size());
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> done = 0;
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) {
      digests[i] = Sha256File(files[i]);
      done += folder.files[i].bytes;
    }
  };
  std::vector<std::future<void>> workers;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < cores; ++i) workers.push_back(std::async(std::launch::async, work));
  for (std::future<void>& worker : workers) {
    while (worker.wait_for(std::chrono::milliseconds(200)) != std::future_status::ready) {
      if (progress_) progress_(folder.root, static_cast<double>(done.load()), total);
    }
  }
  for (std::future<void>& worker : workers) worker.get();
  return digests;
}

void DigestCache::Remember(const std::string& key, const std::string& digest, double written) {
  if (SystemClock().Unix() - written < kMinAgeSeconds) return;
  digests_[key] = digest;
  changed_ = true;
}

void DigestCache::Save() const {
  std::error_code ignored;
  if (!changed_ || home_.empty() || !fs::is_directory(home_, ignored)) return;
  try {
    MakePrivateFolder(CacheFile(home_).parent_path());
    WriteFileAtomically(CacheFile(home_), Json(digests_).dump(1));
  } catch (const Error&) {
    return;
  }
}

}  // namespace zerosweep
