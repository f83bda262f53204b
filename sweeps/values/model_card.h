// A model card describes a file of trained weights, next to which it lies as NAME.json
// (docs/sweeps.md).
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"

namespace zerosweep {

struct ModelCard {
  std::filesystem::path path;
  Json json;  // name, arch, dataset, mean, std, and any other of CardKeys
};

// Throws kUsage, starting with `where`: for a file that is not JSON, an unknown key (with the
// nearest known one), a missing required key, or a value of the wrong form.
ModelCard ReadModelCard(const std::filesystem::path& path, const std::string& where);

// Whether an arbitrary file may be a model card: it has a key of a card, or is damaged JSON that
// mentions one. A training log is not a card.
bool MayBeModelCard(const std::filesystem::path& path);

}  // namespace zerosweep
