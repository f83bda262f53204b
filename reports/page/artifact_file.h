// Reads files of artifacts for a report.
#pragma once

#include <optional>
#include <string>

#include "storage/artifacts/artifact_store.h"

namespace zerosweep {

// Returns the bytes of a file of an artifact; nullopt if the home lacks the artifact, or the
// artifact has no such file. Skips a file that is damaged or larger than `max_bytes` with a warning
// that calls it `what` ("a grid of samples").
std::optional<std::string> ReadArtifactFile(const ArtifactStore& store, const std::string& artifact,
                                            const std::string& file, uintmax_t max_bytes,
                                            const std::string& what);

}  // namespace zerosweep
