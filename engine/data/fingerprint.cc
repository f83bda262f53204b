#include "engine/data/fingerprint.h"

#include <ATen/Parallel.h>

#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_state.h"
#include "base/hash.h"
#include "contract/dataset_files.h"

namespace zerosweep {
namespace fs = std::filesystem;
namespace {

// Digests by FileState key, kept for the life of this process.
using Known = std::map<std::string, std::string>;

template <typename Read>
std::string Remembered(const FileState& state, const std::string& key, Known& known, Read read) {
  const auto found = known.find(key);
  if (found != known.end() && !state.doubtful) return found->second;
  std::string digest = read();
  if (IsSettled(state.youngest_ns, SystemClock().Unix())) known[key] = digest;
  return digest;
}

std::string CachedSha256(const fs::path& path) {
  static Known known;
  const auto state = StateOf(path);
  if (!state) return Sha256File(path);  // which throws the reason
  return Remembered(*state, state->key, known, [&] { return Sha256File(path); });
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
  static Known known;
  const FileState state = StateOf(folder);
  return Remembered(state, split + ":" + state.key, known,
                    [&] { return ImageFolderFingerprint(folder, split, DigestInParallel); });
}

}  // namespace

std::string DatasetFingerprint(const std::string& name, const std::string& split,
                               const fs::path& folder) {
  if (LiesInImageFiles(name)) {
    return CachedFolderFingerprint(DatasetFolder(name, split, folder), split);
  }
  return FilesFingerprint(DatasetFiles(name, split, folder), CachedSha256);
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
