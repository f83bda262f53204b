#include "engine/data/fingerprint.h"

#include <map>

#include "base/error.h"
#include "base/hash.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

struct KnownFile {
  std::uintmax_t size = 0;
  fs::file_time_type written;
  std::string sha256;
};

std::string CachedSha256(const fs::path& path) {
  static std::map<fs::path, KnownFile> known;
  KnownFile& file = known[path];
  const std::uintmax_t size = fs::file_size(path);
  const fs::file_time_type written = fs::last_write_time(path);
  if (file.sha256.empty() || file.size != size || file.written != written) {
    file = {size, written, Sha256File(path)};
  }
  return file.sha256;
}

}  // namespace

std::string DatasetFingerprint(const std::string& name, const std::string& split,
                               const fs::path& folder) {
  Json content = Json::object();
  for (const fs::path& file : DatasetFiles(name, split, folder))
    content[file.filename()] = CachedSha256(file);
  return JsonDigest(content);
}

Dataset LoadVerifiedDataset(const std::string& name, const std::string& split,
                            const fs::path& folder, const std::string& fingerprint) {
  if (DatasetFingerprint(name, split, folder) != fingerprint) {
    Fail(ErrorKind::kUsage,
         "the {} files of {} in {} changed since the sweep was planned; run the command again",
         split, name, folder.string());
  }
  return LoadDataset(name, split, folder);
}

}  // namespace zerosweep
