// A model card: what a file of trained weights is, beside it as NAME.json (docs/sweeps.md).
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"

namespace zerosweep {

struct ModelCard {
  std::filesystem::path path;
  Json json;  // name, arch, dataset, mean, std, and what else is known of CardKeys
};

// Throws kUsage, starting with `where`: not JSON, a key that no card has (with the nearest that
// one has), a required one missing, a value of another form.
ModelCard ReadModelCard(const std::filesystem::path& path, const std::string& where);

// Whether a file that may be anything has a key of a card, or is meant to be JSON and is damaged. A
// training log is none.
bool MayBeModelCard(const std::filesystem::path& path);

}  // namespace zerosweep
