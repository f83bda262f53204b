#include "engine/data/fingerprint.h"

#include <ATen/Parallel.h>

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

std::vector<std::string> DigestInParallel(const std::vector<fs::path>& files) {
  std::vector<std::string> digests(files.size());
  at::parallel_for(0, static_cast<int64_t>(files.size()), /*grain_size=*/1,
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                       const auto at = static_cast<size_t>(i);
                       digests[at] = Sha256File(files[at]);
                     }
                   });
  return digests;
}

std::string CachedFolderFingerprint(const ImageFolder& folder, const std::string& split) {
  static std::map<std::pair<std::string, std::string>, std::string> known;
  std::string& fingerprint = known[{split, ListingDigest(folder)}];
  if (fingerprint.empty()) fingerprint = ImageFolderFingerprint(folder, split, DigestInParallel);
  return fingerprint;
}

}  // namespace

std::string DatasetFingerprint(const std::string& name, const std::string& split,
                               const fs::path& folder) {
  if (LiesInClassFolders(name)) {
    return CachedFolderFingerprint(DatasetFolder(name, split, folder), split);
  }
  Json content = Json::object();
  for (const fs::path& file : DatasetFiles(name, split, folder))
    content[file.filename()] = CachedSha256(file);
  return JsonDigest(content);
}

Dataset LoadVerifiedDataset(const std::string& name, const std::string& split,
                            const fs::path& folder, const std::string& fingerprint,
                            const std::optional<EvalTransform>& transform) {
  if (DatasetFingerprint(name, split, folder) != fingerprint) {
    Fail(ErrorKind::kUsage,
         "the {} files of {} in {} changed since the sweep was planned; run the command again",
         split, name, folder.string());
  }
  return LoadDataset(name, split, folder, transform);
}

}  // namespace zerosweep
