#include "engine/data/fingerprint.h"

#include <algorithm>
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

Json FilesOf(const std::string& name) {
  for (const Json& dataset : DescribeAll().at("datasets")) {
    if (dataset.at("name") == name) return dataset.at("facts").at("files");
  }
  Fail(ErrorKind::kUsage, "unknown dataset '{}'", name);
}

}  // namespace

std::string DatasetFingerprint(const std::string& name, const fs::path& folder) {
  Json content = Json::object();
  const Json splits = FilesOf(name);
  for (const Json& files : splits) {
    const bool whole = std::all_of(files.begin(), files.end(), [&](const Json& file) {
      std::error_code ignored;
      return fs::is_regular_file(folder / file.get<std::string>(), ignored);
    });
    if (!whole) continue;
    for (const Json& file : files)
      content[file.get<std::string>()] = CachedSha256(folder / file.get<std::string>());
  }
  return JsonDigest(content);
}

Dataset LoadVerifiedDataset(const std::string& name, const std::string& split,
                            const fs::path& folder, const std::string& fingerprint) {
  if (DatasetFingerprint(name, folder) != fingerprint) {
    Fail(ErrorKind::kUsage,
         "the files of {} in {} changed since the sweep was planned; run the command again", name,
         folder.string());
  }
  return LoadDataset(name, split, folder);
}

}  // namespace zerosweep
