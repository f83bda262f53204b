// Declarations (contract/declaration.h) as the code makes them, and all of them together.
#pragma once

#include <functional>

#include "contract/declaration.h"

namespace zerosweep {

// For the foot of a source file: `const Declare kDeclare{Role::kDataset, {…}};` See
// engine/catalogue/registry.h for things with a factory. `complete`, where given, adds what is
// known only when all is described: a network's facts from its graph.
struct Declare {
  Declare(Role role, Declaration declaration, std::function<void(Declaration&)> complete = {});
};

// All declarations. Throws kInternal for twin names.
Declarations DescribeAll();
// SHA-256 of their canonical JSON: what hello carries.
std::string CatalogueDigest();

}  // namespace zerosweep
