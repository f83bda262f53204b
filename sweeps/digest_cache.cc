#include "sweeps/digest_cache.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

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

}  // namespace

DigestCache::DigestCache(const Home& home) : home_(home.folder) {
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
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) {
    Fail(ErrorKind::kStorage, "cannot read {}: {}", file.string(), std::strerror(errno));
  }
  const std::string key = fmt::format("{}:{}:{}:{}.{:09}", info.st_dev, info.st_ino, info.st_size,
                                      info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  if (const auto known = digests_.find(key); known != digests_.end()) return known->second;
  std::string digest = Sha256File(file);
  const double age = SystemClock().Unix() - static_cast<double>(info.st_mtim.tv_sec);
  if (age >= kMinAgeSeconds) {
    digests_[key] = digest;
    changed_ = true;
  }
  return digest;
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
