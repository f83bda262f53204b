#include "reports/page/artifact_file.h"

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"

namespace zerosweep {

std::optional<std::string> ReadArtifactFile(const ArtifactStore& store, const std::string& artifact,
                                            const std::string& file, uintmax_t max_bytes,
                                            const std::string& what) {
  const auto folder = store.Find(artifact);
  if (!folder) return std::nullopt;
  try {
    const Manifest manifest = ReadManifest(*folder);
    const auto listed = manifest.files.find(file);
    if (listed == manifest.files.end()) return std::nullopt;
    const std::filesystem::path path = *folder / file;
    if (std::filesystem::file_size(path) > max_bytes) {
      Fail(ErrorKind::kStorage, "{} is larger than {}", path.string(),
           HumanBytes(static_cast<double>(max_bytes)));
    }
    std::string bytes = ReadFile(path);
    if (Sha256Hex(bytes) != listed->second)
      Fail(ErrorKind::kStorage, "{} is damaged; run `zerosweep fsck`", path.string());
    return bytes;
  } catch (const std::exception& error) {
    spdlog::warn("{} was left out: {}", what, error.what());
    return std::nullopt;
  }
}

}  // namespace zerosweep
