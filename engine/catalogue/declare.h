// Declarations (contract/declaration.h) made in code, and the list of all of them.
#pragma once

#include <functional>

#include "contract/declaration.h"

namespace zerosweep {

// Place it at the end of a source file: `const Declare kDeclare{Role::kDataset, {…}};` For things
// with a factory see engine/catalogue/registry.h. `complete`, if given, adds facts that are known
// only when everything is described: a network's facts from its graph.
struct Declare {
  Declare(Role role, Declaration declaration, std::function<void(Declaration&)> complete = {});
};

// Returns all declarations. Throws kInternal for duplicate names.
Declarations DescribeAll();
// SHA-256 of their canonical JSON, which the hello message carries.
std::string CatalogueDigest();

}  // namespace zerosweep
