// What a dataset's files hold, as the control program fixed it when the sweep was planned.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/data/dataset.h"

namespace zerosweep {

// SHA-256 over the canonical JSON {file name → SHA-256 of its bytes} of a split's files (as
// sweeps/values/data_files.h computes it); of a dataset in folders ImageFolderFingerprint. A file
// that has not changed is read once in the life of the process. Files in folders are read on ATen's
// threads.
std::string DatasetFingerprint(const std::string& name, const std::string& split,
                               const std::filesystem::path& folder);

// LoadDataset, refused (kUsage) when the split no longer holds what `fingerprint` says.
Dataset LoadVerifiedDataset(const std::string& name, const std::string& split,
                            const std::filesystem::path& folder, const std::string& fingerprint,
                            const std::optional<EvalTransform>& transform = {});

}  // namespace zerosweep
