#include "sweeps/values/digest_cache.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_state.h"
#include "base/hash.h"
#include "base/json.h"
#include "storage/home/cache_file.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

constexpr const char* kDigestsCache = "digests.json";

}  // namespace

DigestCache::DigestCache(const Home& home, ReadingProgress progress)
    : home_(home), progress_(std::move(progress)) {
  const Json known = ReadCache(home_, kDigestsCache);
  if (known.is_null()) return;
  try {
    known.get_to(digests_);
  } catch (const nlohmann::json::exception&) {
    digests_.clear();
  }
}

std::string DigestCache::Sha256Of(const fs::path& file) {
  const auto state = StateOf(file);
  if (!state) {
    Fail(ErrorKind::kStorage, "cannot read {}: {}", file.string(), std::strerror(errno));
  }
  const auto known = digests_.find(state->key);
  if (known != digests_.end() && !state->doubtful) return known->second;
  auto prepared = prepared_.extract(state->key);
  std::string digest = prepared ? prepared.mapped().get() : Sha256File(file);
  if (!state->doubtful) Remember(state->key, digest, state->youngest_ns);
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
  const FileState state = StateOf(folder);
  const std::string key = fmt::format("{}:{}", split, state.key);
  const auto known = digests_.find(key);
  if (known != digests_.end() && !state.doubtful) return known->second;
  std::string fingerprint = ImageFolderFingerprint(
      folder, split, [&](const auto& files) { return DigestInParallel(folder, files); });
  if (!state.doubtful) Remember(key, fingerprint, state.youngest_ns);
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

void DigestCache::Remember(const std::string& key, const std::string& digest, int64_t youngest_ns) {
  if (!IsSettled(youngest_ns, SystemClock().Unix())) return;
  digests_[key] = digest;
  changed_ = true;
}

void DigestCache::Save() const {
  if (changed_) WriteCache(home_, kDigestsCache, digests_);
}

}  // namespace zerosweep
