// Fingerprint of a dataset's files, as the control program recorded it when it planned the sweep.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/data/dataset.h"

namespace zerosweep {

// SHA-256 over the canonical JSON {file name → SHA-256 of its bytes} of a split's files (as
// sweeps/values/data_files.h computes it); for images in files of their own,
// ImageFolderFingerprint.
// An unchanged file is read only once per process. Images in files of
// their own are read on ATen's threads.
std::string DatasetFingerprint(const std::string& name, const std::string& split,
                               const std::filesystem::path& folder);

// LoadDataset, which throws kUsage when the split no longer matches `fingerprint`.
Dataset LoadVerifiedDataset(const std::string& name, const std::string& split,
                            const std::filesystem::path& folder, const std::string& fingerprint,
                            const std::optional<EvalTransform>& transform = {});

}  // namespace zerosweep
