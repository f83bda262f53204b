// Files that a report takes from artifacts.
#pragma once

#include <optional>
#include <string>

#include "storage/artifacts/artifact_store.h"

namespace zerosweep {

// The bytes of a file of an artifact; nullopt where the home has not the artifact or that has no
// such file. One that is damaged or larger than `max_bytes` is passed over with a warning, which
// calls it `what` ("a grid of samples").
std::optional<std::string> ReadArtifactFile(const ArtifactStore& store, const std::string& artifact,
                                            const std::string& file, uintmax_t max_bytes,
                                            const std::string& what);

}  // namespace zerosweep
